import { app } from 'electron'

/** What tests the running app from outside it: the same Electron and app, with the same of Chromium's switches. */
export function selfTestCommand(): string[] {
  const switches = process.argv.slice(1).filter((arg) => arg.startsWith('--') && !arg.startsWith('--attach'))
  const folder = app.isPackaged ? [] : [app.getAppPath()]
  return [process.execPath, ...process.execArgv, ...folder, ...switches, '--self-test', '--json']
}
