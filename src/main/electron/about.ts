import { app, type MessageBoxOptions } from 'electron'
import type { SelfTestReport } from '../../contract/model.ts'

const buttons = ['OK', 'Test every part']
/** Index of the button that asks for the self-test. */
export const selfTestButton = 1

/** What stands in the box "About Gatehouse". */
export function aboutBox({ attached, home }: { attached: boolean; home: string }): MessageBoxOptions {
  const { electron, chrome, node } = process.versions
  return {
    type: 'info',
    title: 'About Gatehouse',
    message: `Gatehouse ${app.getVersion()}`,
    detail: [
      `Electron ${electron ?? 'absent'}, Chromium ${chrome ?? 'absent'}, Node ${node}`,
      `${process.platform} ${process.arch}`,
      attached ? 'This window shows a host that runs in another process.' : `Data folder: ${home}`,
    ].join('\n'),
    buttons,
    defaultId: 0,
    cancelId: 0,
  }
}

/** The self-test's rows, or why there are none. */
export function selfTestBox(result: SelfTestReport | string): MessageBoxOptions {
  const box = { title: 'Self-test', buttons: ['OK'] }
  if (typeof result === 'string') return { ...box, type: 'warning', message: 'The self-test gave no result.', detail: result }
  const { ok, rows } = result
  const failed = rows.filter((row) => !row.ok).length
  return {
    ...box,
    type: ok ? 'info' : 'warning',
    message: ok ? 'Every part works.' : `${failed} of ${rows.length} parts ${failed === 1 ? 'does' : 'do'} not work.`,
    detail: rows.map((row) => `${row.ok ? '✓' : '✗'} ${row.name}: ${row.detail}`).join('\n'),
  }
}
