import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createUpdates, hasUpdateFeed, type Updater } from './updates.ts'

function setUp(next: string | null, answers: number[] = []) {
  const told: string[] = []
  const done: string[] = []
  const updater: Updater = {
    autoDownload: true,
    autoInstallOnAppQuit: false,
    async checkForUpdates() {
      done.push('check')
      if (next === 'away') throw new Error('net::ERR_INTERNET_DISCONNECTED\n  at somewhere')
      return { isUpdateAvailable: next !== null, updateInfo: { version: next ?? '1.0.0' } }
    },
    async downloadUpdate() {
      done.push('download')
    },
  }
  const updates = createUpdates({
    updater: async () => updater,
    version: '1.0.0',
    async ask({ message }) {
      told.push(message)
      return answers.shift() ?? 0
    },
    log: { info() {}, warn() {}, error() {} },
  })
  return { updates, updater, told, done }
}

describe('updates', () => {
  it('are there only where the package names a feed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-updates-'))
    expect(hasUpdateFeed(folder)).toBe(false)
    writeFileSync(join(folder, 'app-update.yml'), 'provider: generic\n')
    expect(hasUpdateFeed(folder)).toBe(true)
    rmSync(folder, { recursive: true })
  })

  it('are downloaded when a person says so, installed at the end, and looked for once only', async () => {
    const { updates, updater, told, done } = setUp('1.1.0')
    await updates.check(false)
    expect(told).toEqual(['Gatehouse 1.1.0 is there; this is 1.0.0.', 'Gatehouse 1.1.0 is downloaded.'])
    expect(updater).toMatchObject({ autoDownload: false, autoInstallOnAppQuit: true })
    await updates.check(false)
    await updates.check(true)
    expect(done).toEqual(['check', 'download'])
    expect(told.at(-1)).toBe('An update is downloaded.')
  })

  it('are left alone when a person says so', async () => {
    const { updates, done } = setUp('1.1.0', [1])
    await updates.check(false)
    expect(done).toEqual(['check'])
  })

  it('that are not there, or cannot be looked for, are told only to whoever asked', async () => {
    const newest = setUp(null)
    await newest.updates.check(false)
    await newest.updates.check(true)
    expect(newest.told).toEqual(['Gatehouse 1.0.0 is the newest version.'])
    const away = setUp('away')
    await away.updates.check(false)
    await away.updates.check(true)
    expect(away.told).toEqual(['Updates could not be looked for.'])
  })
})
