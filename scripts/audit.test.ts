import { expect, it } from 'vitest'
import { readAudit } from './audit.ts'

it('a finding from high on fails, a lower one is told', () => {
  const finding = (name: string, severity: string) => ({ [name]: { name, severity, range: '<2' } })
  const vulnerabilities = { ...finding('a', 'low'), ...finding('b', 'critical') }
  expect(readAudit(JSON.stringify({ vulnerabilities }))).toEqual({
    answered: true,
    findings: ['low: a <2', 'critical: b <2'],
    failing: 1,
  })
  expect(readAudit(JSON.stringify({ vulnerabilities: {} }))).toEqual({ answered: true, findings: [], failing: 0 })
})

it('a registry that answers no audits is not taken for one without findings', () => {
  const refused = JSON.stringify({ message: '405 Method Not Allowed', method: 'POST', statusCode: 405, body: {} })
  expect(readAudit(refused)).toEqual({ answered: false, why: '405 Method Not Allowed' })
  expect(readAudit('')).toMatchObject({ answered: false })
})
