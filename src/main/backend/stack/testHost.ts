/** For tests: a host that brings up the embedded stack, writes a row, says so to its parent, and waits to be killed. */
import pg from 'pg'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { homeAt } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createStack } from './createStack.ts'

const home = homeAt(process.argv[2] as string)
const stack = createStack({
  home,
  paths: sourcePaths(findAppRoot(import.meta.dirname)),
  secrets: await openSecrets({ home, log: silentLog }),
  log: silentLog,
  profile: 'embedded',
  pins: { temporalPort: 22_330, uiPort: 22_430, postgresPort: 22_530 },
})
let told = false
stack.onChange(async () => {
  const config = stack.postgres()
  if (told || !config || !stack.temporal()) return
  told = true
  const client = new pg.Client(config)
  await client.connect()
  await client.query(
    "INSERT INTO decisions VALUES (DEFAULT, 'before the crash', 'r', 'd', 'approve', 'why', 'me', 'here', 'update', 'm', now())",
  )
  await client.end()
  process.send?.('up')
})
stack.start()
