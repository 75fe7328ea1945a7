/**
 * npm run audit: known holes in the packages that the app has in it, from high on. Ends with 1 when there is one. A registry
 * that does not answer audits is said and not counted: nothing was found out then, for or against.
 */
import { spawnSync } from 'node:child_process'
import { findAppRoot } from '../src/main/paths.ts'

/** From here on a finding fails. Lower ones are printed. */
const level = 'high'
const failing = ['high', 'critical']

export type AuditOutcome = { answered: false; why: string } | { answered: true; findings: string[]; failing: number }

/** Reads what `npm audit --json` printed. */
export function readAudit(text: string): AuditOutcome {
  interface Audit {
    vulnerabilities?: Record<string, { name: string; severity: string; range: string }>
    error?: { code?: string; summary?: string }
    message?: string
    statusCode?: number
  }
  let audit: Audit
  try {
    audit = JSON.parse(text) as Audit
  } catch {
    return { answered: false, why: 'what npm printed is no report' }
  }
  if (!audit.vulnerabilities)
    return { answered: false, why: audit.message ?? audit.error?.summary ?? audit.error?.code ?? 'no report' }
  const all = Object.values(audit.vulnerabilities)
  return {
    answered: true,
    findings: all.map(({ name, severity, range }) => `${severity}: ${name} ${range}`),
    failing: all.filter(({ severity }) => failing.includes(severity)).length,
  }
}

if (import.meta.main) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { stdout } = spawnSync(npm, ['audit', '--omit=dev', '--json'], {
    cwd: findAppRoot(import.meta.dirname),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    shell: process.platform === 'win32',
  })
  const outcome = readAudit(stdout)
  if (!outcome.answered) {
    process.stdout.write(`AUDIT NOT DONE: the registry gave no audit (${outcome.why}). Run "npm run audit" where it does.\n`)
  } else {
    for (const finding of outcome.findings) process.stdout.write(`${finding}\n`)
    process.stdout.write(`audited at level ${level}: ${outcome.findings.length} findings, ${outcome.failing} that fail\n`)
    process.exitCode = outcome.failing > 0 ? 1 : 0
  }
}
