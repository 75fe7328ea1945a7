/** For tests: a process that starts a worker process, prints its pid once it polls, and stays until it is killed. */
import { silentLog } from '../../log.ts'
import { createWorkerProcess } from '../createWorkerProcess.ts'

const control = createWorkerProcess({
  script: process.argv[2] ?? '',
  home: '',
  variables: () => ({ LIFE: 'polls' }),
  secret: async () => null,
  onChange({ state, processId }) {
    if (state === 'polling') process.stdout.write(`${processId}\n`)
  },
  log: silentLog,
})
void control.start({ by: 'ada', reason: 'to be left behind' })
setInterval(() => {}, 60_000)
