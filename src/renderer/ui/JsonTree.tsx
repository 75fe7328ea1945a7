import { ChevronDown, ChevronRight } from 'lucide-react'
import { useMemo, useState } from 'react'
import { type JsonNode, parseJson } from './parseJson.ts'

/** Levels that are open at first. */
const openLevels = 2
/** Children drawn before "show more"; a payload may hold thousands. */
const firstChildren = 100

/** JSON text as a tree that folds, exact to the digit. Text that is not JSON is shown as it is. */
export function JsonTree({ text }: { text: string }) {
  const root = useMemo(() => {
    try {
      return parseJson(text)
    } catch {
      return null
    }
  }, [text])
  return <div className="json">{root ? <Node name={null} node={root} level={0} /> : <pre>{text}</pre>}</div>
}

function Node({ name, node, level }: { name: string | null; node: JsonNode; level: number }) {
  const label = name === null ? null : <span className="key">{name}: </span>
  switch (node.kind) {
    case 'string':
      return (
        <div className="json-row json-leaf">
          {label}
          <span className="string">{JSON.stringify(node.value)}</span>
        </div>
      )
    case 'number':
    case 'literal':
      return (
        <div className="json-row json-leaf">
          {label}
          <span className={node.kind}>{node.raw}</span>
        </div>
      )
    case 'array':
      return (
        <Branch
          name={name}
          level={level}
          brief={`[${node.items.length}]`}
          children={node.items.map((value, i) => ({ key: String(i), value }))}
        />
      )
    case 'object':
      return <Branch name={name} level={level} brief={`{${node.entries.length}}`} children={node.entries} />
  }
}

function Branch({
  name,
  level,
  brief,
  children,
}: {
  name: string | null
  level: number
  brief: string
  children: { key: string; value: JsonNode }[]
}) {
  const [open, setOpen] = useState(level < openLevels)
  const [most, setMost] = useState(firstChildren)
  return (
    <div>
      <button type="button" className="json-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
        {name === null ? null : <span className="key">{name}: </span>}
        <span className="brief">{brief}</span>
      </button>
      {open ? (
        <div className="json-children">
          {children.slice(0, most).map((child, i) => (
            // The index is the key: children never move, and a key may stand there twice
            <Node key={i} name={child.key} node={child.value} level={level + 1} />
          ))}
          {children.length > most ? (
            <button type="button" className="json-toggle brief" onClick={() => setMost(most + 1000)}>
              {`${children.length - most} more`}
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  )
}
