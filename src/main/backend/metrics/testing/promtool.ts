/** For tests: Prometheus' own checks, where its tool is installed. */
import { spawnSync } from 'node:child_process'

export const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** @returns what it found; empty when all is well */
export function promtool(args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return status === 0 ? stderr.trim() : `${stdout}${stderr}`.trim() || `promtool ended with ${status}`
}
