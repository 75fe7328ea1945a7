import { ChartLine, Table2 } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { Button } from '../Button.tsx'
import { CopyButton } from '../Copy.tsx'
import { plainText } from '../plainText.ts'
import './charts.css'

/** What a chart shows, as rows: for a screen reader, for exact values and for a spreadsheet. */
export interface ChartTable {
  head: readonly string[]
  rows: readonly (readonly (string | number | null)[])[]
}

const cell = (value: string | number | null) => (value === null ? '' : String(value))
/** Tabs and line ends would shift a spreadsheet's cells. */
const tsv = ({ head, rows }: ChartTable) =>
  [head, ...rows].map((row) => row.map((value) => cell(value).replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n')

/** A chart with its title, its legend, and the same as a table to read and to copy. */
export function Figure({
  title,
  note,
  legend,
  table,
  children,
}: {
  title: string
  /** What the chart says, in a sentence. */
  note?: ReactNode
  legend?: ReactNode
  table: ChartTable
  children: ReactNode
}) {
  const id = useId()
  const [asTable, setAsTable] = useState(false)
  return (
    <figure className="chart" aria-labelledby={id}>
      <div className="chart-head">
        <h4 id={id}>{title}</h4>
        {legend}
        <span className="chart-tools">
          <CopyButton text={tsv(table)} what="the values as a table" />
          <Button size="small" look="quiet" aria-pressed={asTable} onPress={() => setAsTable(!asTable)}>
            {asTable ? <ChartLine size={13} aria-hidden /> : <Table2 size={13} aria-hidden />}
            {asTable ? 'Chart' : 'Table'}
          </Button>
        </span>
      </div>
      {note ? <figcaption className="chart-note">{note}</figcaption> : null}
      {asTable ? <Values title={title} table={table} /> : children}
    </figure>
  )
}

function Values({ title, table }: { title: string; table: ChartTable }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls is scrolled by keys too
    <section className="scroll chart-values" tabIndex={0} aria-label={`${title}, as a table`}>
      <table>
        <thead>
          <tr>
            {table.head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            // The index is the key: rows never move
            <tr key={index}>
              {row.map((value, column) => (
                <td key={table.head[column]}>{value === null ? '–' : <bdi>{plainText(cell(value))}</bdi>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** How a series is drawn: its colour and its dashes both tell it apart. */
export interface Look {
  colour: 1 | 2 | 3
  dashed?: boolean
}

export function Legend({ entries }: { entries: readonly { name: string; look: Look }[] }) {
  return (
    <ul className="legend">
      {entries.map(({ name, look }) => (
        <li key={name}>
          <svg width={18} height={8} aria-hidden>
            <line x1={0} x2={18} y1={4} y2={4} className={lineClass(look)} />
          </svg>
          <bdi className="ellipsis">{plainText(name)}</bdi>
        </li>
      ))}
    </ul>
  )
}

export const lineClass = ({ colour, dashed }: Look) => `series series-${colour}${dashed ? ' dashed' : ''}`
