/** A process of its own, so that its memory is that of the trainings: `node bench/train/ours.ts job.json`, answers in JSON. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createBoostingTrainer } from '../../src/main/backend/training/createBoostingTrainer.ts'
import { builtPaths, findAppRoot } from '../../src/main/paths.ts'
import { boost } from '../../src/training/boosting/boost.ts'
import { workAlone } from '../../src/training/boosting/crew.ts'
import { readTableFile } from '../../src/training/tableFile.ts'
import type { OursAnswer, TrainJob } from './job.ts'

const { tables, settings, threads } = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as TrainJob
const threadFile = builtPaths(findAppRoot(import.meta.dirname)).threads.training
const trainer = createBoostingTrainer({ threadFile, threads })
const answers: OursAnswer['trainings'] = []
for (const { path, fitAlone } of tables) {
  const { schema, table } = await readTableFile(path)
  let fitSeconds: number | null = null
  if (fitAlone) {
    const begun = performance.now()
    boost(table, { task: schema.task, classes: 0, settings }, workAlone(), { known: [], onRound: () => {} })
    fitSeconds = (performance.now() - begun) / 1000
  }
  const checkpoints = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const begun = performance.now()
  const trained = await trainer.train({
    modelId: 'bench',
    tablePath: path,
    schema,
    settings,
    checkpoints,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  const wholeSeconds = (performance.now() - begun) / 1000
  rmSync(checkpoints, { recursive: true })
  answers.push({ fitSeconds, wholeSeconds, rounds: trained.bestRound ?? 0, predictions: [...trained.testPredictions] })
  await turn()
}
// The kernel counts in kilobytes.
const maxRssBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(JSON.stringify({ trainings: answers, maxRssBytes } satisfies OursAnswer))
