/**
 * `npm run bench -- <name> … [--long] [--count n] [--seed n]`: runs the named benches (all without a name), prints their tables,
 * ends with 1 when a figure is missed. `--count` and `--seed` are chaos': how many faults, and which.
 */
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { megabytes, printTable, type Row } from './table.ts'

const benches: Record<string, () => Promise<{ run(): Promise<Row[]> }>> = {
  intake: () => import('./intake.ts'),
  pipeline: () => import('./pipeline.ts'),
  start: () => import('./start.ts'),
  crash: () => import('./crash.ts'),
  chaos: async () => {
    const { run } = await import('./chaos.ts')
    return {
      run: () =>
        run({
          long,
          count: wholeNumber('count') ?? (long ? 200 : 21),
          seed: wholeNumber('seed') ?? Number(process.env.BENCH_SEED ?? 1),
        }),
    }
  },
  serve: () => import('./serve.ts'),
  shell: () => import('./shell.ts'),
  train: () => import('./train.ts'),
  codec: () => import('./codec.ts'),
  profile: () => import('./profile.ts'),
  console: () => import('./console.ts'),
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false }, count: { type: 'string' }, seed: { type: 'string' } },
})
const { long } = values
function wholeNumber(option: 'count' | 'seed'): number | undefined {
  const text = values[option]
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text)
  console.error(`--${option} takes a whole number, not ${text}.`)
  process.exit(2)
}
const wanted = positionals.length > 0 ? positionals : Object.keys(benches)
const unknown = wanted.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`There is no bench named ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}

console.log(
  `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${megabytes(totalmem())}, Node ${process.version}, ${new Date().toISOString()}`,
)
let missed = 0
for (const name of wanted) {
  const bench = await (benches[name] as (typeof benches)[string])()
  const rows = await bench.run()
  printTable(name, rows)
  missed += rows.filter((row) => row.reached === false).length
}
process.exit(missed === 0 ? 0 : 1)
