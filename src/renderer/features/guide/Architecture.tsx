import type { Part } from '../../../contract/model.ts'
import { useIn } from '../../app/console.ts'
import { type PartName, partLabels } from '../stack/stackStore.ts'

/** Where each part stands in the drawing, in units of its view box; the pipeline's way goes from left to right. */
const boxes: { name: PartName; x: number; y: number; does: string }[] = [
  { name: 'inbox', x: 0, y: 0, does: 'files arrive' },
  { name: 'temporal', x: 100, y: 0, does: 'keeps each run' },
  { name: 'secrets', x: 200, y: 0, does: 'hold the keys' },
  { name: 'worker', x: 100, y: 62, does: 'does the steps' },
  { name: 'postgres', x: 0, y: 124, does: 'experiments' },
  { name: 'dev', x: 100, y: 124, does: 'serves models' },
  { name: 'prod', x: 200, y: 124, does: 'serves models' },
]
const width = 92
const height = 40

/** Who talks to whom, from one box to another. */
const lines: [PartName, PartName][] = [
  ['inbox', 'temporal'],
  ['temporal', 'worker'],
  ['secrets', 'worker'],
  ['worker', 'postgres'],
  ['worker', 'dev'],
  ['worker', 'prod'],
]

const tones: Record<Part['state'], string> = { up: 'good', starting: 'run', down: 'bad', off: 'idle' }
const stateWords: Record<Part['state'], string> = { up: 'up', starting: 'starting', down: 'down', off: 'off' }

/** The parts of the house as they are now: who talks to whom, and who is away. */
export function Architecture() {
  const health = useIn('stack', (s) => s.health)
  const stateOf = (name: PartName): Part['state'] => health?.[name].state ?? 'off'
  const words = boxes.map(({ name }) => `${partLabels[name]} ${stateWords[stateOf(name)]}`).join(', ')
  const middle = (name: PartName) => {
    const box = boxes.find((one) => one.name === name)
    return { x: (box?.x ?? 0) + width / 2, y: (box?.y ?? 0) + height / 2 }
  }
  return (
    <svg
      className="guide-parts"
      viewBox={`-1 -1 ${200 + width + 2} ${124 + height + 2}`}
      role="img"
      aria-label={`The parts: ${words}`}
    >
      {lines.map(([from, to]) => {
        const a = middle(from)
        const b = middle(to)
        const broken = stateOf(from) !== 'up' || stateOf(to) !== 'up'
        return (
          <line
            key={`${from} ${to}`}
            x1={a.x}
            y1={a.y}
            x2={b.x}
            y2={b.y}
            className={broken ? 'guide-line broken' : 'guide-line'}
          />
        )
      })}
      {boxes.map(({ name, x, y, does }) => {
        const state = stateOf(name)
        return (
          <g key={name} className={`guide-part ${tones[state]}`} transform={`translate(${x} ${y})`}>
            <title>
              {health
                ? `${partLabels[name]}: ${health[name].detail || health[name].summary || stateWords[state]}`
                : partLabels[name]}
            </title>
            <rect width={width} height={height} rx={6} />
            <text x={10} y={17} className="guide-part-name">
              {partLabels[name]}
            </text>
            <text x={10} y={31} className="guide-part-does">
              {state === 'up' ? does : stateWords[state]}
            </text>
          </g>
        )
      })}
    </svg>
  )
}
