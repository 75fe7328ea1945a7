import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sourceStamp } from './build.ts'
import { chooseShell, hasDisplay, type ShellFacts } from './chooseShell.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

describe('the shell', () => {
  const facts: ShellFacts = { platform: 'linux', env: {}, webForced: false, electronInstalled: true }
  it.each<[string, Partial<ShellFacts>, string]>([
    ['Linux without a display', {}, 'web'],
    ['Linux with X', { env: { DISPLAY: ':0' } }, 'electron'],
    ['Linux with Wayland', { env: { WAYLAND_DISPLAY: 'wayland-0' } }, 'electron'],
    ['Linux with an empty DISPLAY', { env: { DISPLAY: '' } }, 'web'],
    ['Linux over SSH with a forwarded display', { env: { DISPLAY: ':10', SSH_CONNECTION: 'a b' } }, 'electron'],
    ['a Mac', { platform: 'darwin' }, 'electron'],
    ['a Mac over SSH', { platform: 'darwin', env: { SSH_CONNECTION: 'a b' } }, 'web'],
    ['Windows', { platform: 'win32' }, 'electron'],
    ['a display without the binary', { env: { DISPLAY: ':0' }, electronInstalled: false }, 'install'],
    ['neither', { electronInstalled: false }, 'web'],
    ['--web with everything there', { env: { DISPLAY: ':0' }, webForced: true }, 'web'],
  ])('on %s', (_name, given, shell) => {
    const choice = chooseShell({ ...facts, ...given })
    expect(choice.shell).toBe(shell)
    expect(choice.why).not.toBe('')
  })

  it('opens no browser where nobody would see it', () => {
    expect(hasDisplay('linux', {})).toBe(false)
    expect(hasDisplay('linux', { DISPLAY: ':0' })).toBe(true)
  })
})

describe('the build’s stamp', () => {
  function sources() {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-stamp-'))
    folders.push(folder)
    mkdirSync(join(folder, 'src', 'deep'), { recursive: true })
    writeFileSync(join(folder, 'src', 'a.ts'), 'a')
    writeFileSync(join(folder, 'src', 'deep', 'b.ts'), 'b')
    writeFileSync(join(folder, 'lock.json'), '{}')
    return folder
  }
  const stamp = (folder: string) => sourceStamp(folder, ['src', 'lock.json', 'absent.json'])

  it('is the same for the same sources, whatever their times and their folder', () => {
    expect(stamp(sources())).toBe(stamp(sources()))
  })

  it.each<[string, (folder: string) => void, boolean]>([
    ['a changed file', (f) => writeFileSync(join(f, 'src', 'deep', 'b.ts'), 'B'), true],
    ['a new file', (f) => writeFileSync(join(f, 'src', 'c.ts'), ''), true],
    ['a missing file', (f) => rmSync(join(f, 'src', 'a.ts')), true],
    ['a changed lockfile', (f) => writeFileSync(join(f, 'lock.json'), '{ }'), true],
    ['a changed test', (f) => writeFileSync(join(f, 'src', 'a.test.ts'), 'x'), false],
  ])('tells %s', (_name, change, differs) => {
    const folder = sources()
    const before = stamp(folder)
    change(folder)
    expect(stamp(folder) !== before).toBe(differs)
  })
})

describe('a launcher', () => {
  it('hands its signal on and ends as its child did', async () => {
    const script = `
      import { forwardSignals, runChild } from ${JSON.stringify(new URL('./runChild.ts', import.meta.url).href)}
      const { track } = forwardSignals()
      const child = 'process.on("SIGTERM", () => { console.log("asked"); process.exit(7) }); console.log("up"); setInterval(() => {}, 1000)'
      process.exitCode = await runChild(process.execPath, ['-e', child], process.cwd(), track)`
    const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    launcher.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (text.includes('up')) launcher.kill('SIGTERM')
    })
    const code = await new Promise((resolve) => launcher.once('close', resolve))
    expect(said).toBe('up\nasked\n')
    expect(code).toBe(7)
  })
})
