/**
 * A process with nothing but the endpoints: deploys the model files that it is given, says where prod answers, then
 * switches between them at every line on standard input and says how long that took.
 *
 * usage: node endpoint.ts <folder> <model file>…
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createEndpoints } from '../../src/main/backend/endpoints/createEndpoints.ts'
import { silentLog } from '../../src/main/backend/log.ts'
import { createFileStore } from '../../src/main/backend/store/fileStore.ts'
import { builtPaths, findAppRoot } from '../../src/main/paths.ts'

const [folder = '', ...files] = process.argv.slice(2)
const store = createFileStore(join(folder, 'store'))
const endpoints = createEndpoints({
  folder: join(folder, 'deployments'),
  store,
  threadFile: builtPaths(findAppRoot(import.meta.dirname)).threads.serving,
  log: silentLog,
})
const models = await Promise.all(files.map((file) => store.putBytes(readFileSync(file))))
let next = 0

/** Each second time this is what a roll back does: a model that was served before is served again. */
async function switchModel(): Promise<number> {
  const began = performance.now()
  const at = next++ % models.length
  const cause = { kind: 'run', workflow_id: `bench-${next}`, run_id: 'bench' } as const
  const input = { environment: 'prod', model_id: `m-${at}`, model: models[at] as (typeof models)[number], metrics: {} } as const
  await endpoints.deployer.deploy(input, new AbortController().signal, cause)
  return performance.now() - began
}

await endpoints.start()
await switchModel()
console.log(JSON.stringify({ address: endpoints.status().prod.address }))
for await (const _ of createInterface(process.stdin)) console.log(JSON.stringify({ switchedMs: await switchModel() }))
await endpoints.close()
