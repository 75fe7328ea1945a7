import { useState } from 'react'
import type { SelfTestReport } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import './selfTest.css'

/** Tries every part of the host’s installation, and says what it found. */
export function SelfTest() {
  const { connection } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [state, setState] = useState<'idle' | 'running' | SelfTestReport | { problem: string }>('idle')
  const test = async () => {
    setState('running')
    try {
      setState(await connection.call('app.selfTest', {}))
    } catch (cause) {
      setState({ problem: problemText(cause) })
    }
  }
  const running = state === 'running'
  return (
    <>
      <div className="self-test-line">
        <Button offBecause={off} isDisabled={running} onPress={() => void test()}>
          {running ? 'Testing every part…' : 'Test every part'}
        </Button>
        <span className="faint" role="status">
          {running ? 'Tried apart from the running host; this takes up to half a minute.' : outcome(state)}
        </span>
      </div>
      {typeof state === 'object' && 'problem' in state ? (
        <Note tone="bad">
          <p>{state.problem}</p>
        </Note>
      ) : null}
      {typeof state === 'object' && 'rows' in state ? <Rows report={state} /> : null}
    </>
  )
}

function outcome(state: 'idle' | SelfTestReport | { problem: string }): string {
  if (state === 'idle' || 'problem' in state) return ''
  const failed = state.rows.filter((row) => !row.ok).length
  return state.ok ? 'Every part works.' : `${failed} of ${state.rows.length} parts ${failed === 1 ? 'does' : 'do'} not work.`
}

function Rows({ report: { electron, node, platform, arch, rows } }: { report: SelfTestReport }) {
  return (
    <table className="self-test-rows">
      <caption>
        {electron === null ? '' : `Electron ${electron}, `}Node {node}, {platform} {arch}
      </caption>
      <tbody>
        {rows.map(({ name, ok, detail, milliseconds }) => (
          <tr key={name}>
            <td className={ok ? 'tone-good' : 'tone-bad'}>{ok ? 'works' : 'fails'}</td>
            <th scope="row">{name}</th>
            <td>{detail}</td>
            <td className="number">{milliseconds} ms</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
