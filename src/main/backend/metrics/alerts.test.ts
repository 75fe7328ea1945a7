import { join } from 'node:path'
import { expect, it } from 'vitest'
import { alertQueries, dashboardQueries, grafanaFolder, seriesIn } from './testing/grafana.ts'
import { hasPromtool, promtool } from './testing/promtool.ts'

it('every panel and every alert asks for something', () => {
  for (const query of [...dashboardQueries(), ...alertQueries()]) expect(seriesIn(query.expr), query.of).not.toEqual([])
})

it.skipIf(!hasPromtool)('alerts are told when they are due, and not in a drill, as Prometheus evaluates them', () => {
  expect(promtool(['test', 'rules', join(grafanaFolder, 'alerts.test.yml')])).toBe('')
})
