/**
 * For tests: a process that speaks as a worker process does and lives as it is told to by its start's variables. LIFE is what
 * it does: `polls` until its end, `dies` at once, `stubborn` (polls and does not end), `drilled` (says so and is killed),
 * `asks` for the secret NAME and says what it got.
 */
import { writeFileSync } from 'node:fs'
import { openHostChannel } from '../../../cli/hostChannel.ts'
import { createHostSecrets } from '../../../cli/hostSecrets.ts'

const channel = openHostChannel()
let life = ''
channel.onClose(() => process.exit(0))
channel.onMessage((message) => {
  if (message.kind === 'end' && life !== 'stubborn') process.exit(0)
  if (message.kind === 'start') void live(message.variables)
})
const secrets = createHostSecrets(channel)

async function live({ LIFE = '', NAME = '', SEEN = '' }: Record<string, string>): Promise<void> {
  life = LIFE
  if (SEEN) writeFileSync(SEEN, JSON.stringify({ args: process.argv.slice(2), env: process.env }))
  if (life === 'dies') {
    await channel.send({ kind: 'problem', message: 'There is no workflow bundle' })
    process.exit(1)
  }
  if (life === 'asks') {
    const said = await secrets.get(NAME).catch((error: Error) => error.message)
    return channel.send({ kind: 'says', text: `${NAME}: ${said}` })
  }
  await channel.send({ kind: 'polling', identity: `ada@desk (worker ${process.pid})` })
  if (life !== 'drilled') return
  await channel.send({ kind: 'drilled' })
  process.kill(process.pid, 'SIGKILL')
}
