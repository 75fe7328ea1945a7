/** For tests: the queries of the dashboard and of the alerts that are shipped. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { findAppRoot } from '../../../paths.ts'

export const grafanaFolder = join(findAppRoot(import.meta.dirname), 'resources', 'grafana')
export const alertsFile = join(grafanaFolder, 'alerts.yml')

export interface Query {
  /** The panel or the alert. */
  of: string
  /** With Grafana's variables filled in. */
  expr: string
}

export function dashboardQueries(): Query[] {
  const { panels, templating } = JSON.parse(readFileSync(join(grafanaFolder, 'gatehouse.json'), 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[]
    templating: { list: { name: string; type: string; query: string | { query: string } }[] }
  }
  const variables = templating.list.flatMap(({ name, type, query }) => {
    const found = type === 'query' && typeof query === 'object' ? /^label_values\((.+), \w+\)$/.exec(query.query) : null
    return found ? [{ of: `$${name}`, expr: found[1] as string }] : []
  })
  const filledIn = (expr: string) => expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m')
  const ofPanels = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr: filledIn(expr) })))
  return [...variables, ...ofPanels]
}

export function alertQueries(): Query[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  return groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ of: alert, expr })))
}

/** The series that a query asks for. */
export const seriesIn = (expr: string): string[] => expr.match(/\b(?:gatehouse|process|nodejs)_[a-z0-9_]+/g) ?? []
