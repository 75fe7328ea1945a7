import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { pythonPeer } from './pythonPeer.ts'

afterEach(() => vi.unstubAllEnvs())

const packages = ['cryptography==50.0.2']
const python = await pythonPeer(packages)

describe('a Python to compare with', () => {
  test.skipIf(!python)('is a virtual environment, made once however many ask', async () => {
    expect(await Promise.all([pythonPeer(packages), pythonPeer(packages)])).toEqual([python, python])
    const prefixes = execFileSync(python ?? '', ['-c', 'import sys, cryptography; print(sys.prefix != sys.base_prefix)'], {
      encoding: 'utf8',
    })
    expect(prefixes.trim()).toBe('True')
  })

  test('where there is none, tests are told to skip, and why', async () => {
    vi.stubEnv('CI', '')
    vi.stubEnv('PATH', '/nowhere')
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(await pythonPeer(['numpy==2.4.0'])).toBeNull()
    expect(said).toHaveBeenCalledWith(expect.stringMatching(/numpy==2\.4\.0: no Python 3\.10 or newer is on the PATH/))
    said.mockRestore()
  })

  test('in CI nothing is skipped: it fails, and says why', async () => {
    vi.stubEnv('CI', 'true')
    vi.stubEnv('PATH', '/nowhere')
    await expect(pythonPeer(['numpy==2.4.0'])).rejects.toThrow(/no Python/)
  })
})
