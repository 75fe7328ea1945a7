import { randomBytes } from 'node:crypto'

/** Enough for every check of the intake, and quick to read. */
const rows = 120

/** What makes this demonstration's file names and contents its own, so that it can be told again and again. */
export const newSuffix = () => randomBytes(4).toString('hex')

/** A small table of shells: five measures and their rings, different for each seed. Numbers by mulberry32, a public-domain generator. */
export function demoCsv(seed: string): string {
  let state = Number.parseInt(seed, 16) >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const lines = ['sex,length,diameter,height,weight,rings']
  for (let i = 0; i < rows; i++) {
    const length = 0.2 + 0.5 * random()
    const height = length * (0.22 + 0.1 * random())
    const figures = [length, length * (0.75 + 0.1 * random()), height, length ** 3 * (4 + random())]
    const rings = Math.max(1, Math.round(4 + 12 * length + 4 * (random() - 0.5)))
    lines.push([['M', 'F', 'I'][Math.floor(random() * 3)], ...figures.map((n) => n.toFixed(3)), rings].join(','))
  }
  return `${lines.join('\n')}\n`
}
