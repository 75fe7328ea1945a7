/**
 * For tests: Prometheus' text format 0.0.4, read more strictly than Prometheus does
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): each family with one HELP and one TYPE before its samples
 * and its samples together, no series twice, histograms whole and cumulative, counters never below 0.
 */
export interface Family {
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  samples: Sample[]
}

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const helpLine = new RegExp(`^# HELP (${name}) (.+)$`)
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`)
const sampleLine = new RegExp(`^(${name})(?:\\{(.*)\\})? (\\S+)$`)
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y

/** @throws Error that names the first line that is not right */
export function readExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let current: [string, Partial<Family> & { samples: Sample[] }] | null = null
  const close = () => {
    if (current) families.set(current[0], checked(...current))
  }
  for (const line of text.split('\n')) {
    if (line === '') continue
    const wrong = (why: string) => new Error(`${why}: ${line}`)
    const help = helpLine.exec(line)
    const type = typeLine.exec(line)
    const sample = sampleLine.exec(line)
    if (help) {
      close()
      const [, of = '', words = ''] = help
      if (families.has(of)) throw wrong('a family that was there before')
      current = [of, { help: words, samples: [] }]
    } else if (type) {
      const [, of, kind] = type
      if (!current || current[0] !== of || current[1].type !== undefined) throw wrong('a TYPE that does not follow its HELP')
      current[1].type = kind as Family['type']
    } else if (sample) {
      const [, of = '', labels = '', value = ''] = sample
      if (!current?.[1].type) throw wrong('a sample before its HELP and TYPE')
      const endings = current[1].type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (!endings.some((ending) => of === `${current?.[0]}${ending}`)) throw wrong('a sample of another family')
      const read: Sample = { name: of, labels: labelsOf(labels, wrong), value: numberOf(value, wrong) }
      const key = seriesKey(read)
      if (seen.has(key)) throw wrong('a series that was there before')
      seen.add(key)
      current[1].samples.push(read)
    } else throw wrong('neither a comment nor a sample')
  }
  close()
  return families
}

/** The value of the one series with these labels. @throws Error when there is none */
export function valueAt(families: Map<string, Family>, family: string, labels: Record<string, string> = {}): number {
  const samples = families.get(family)?.samples ?? []
  const found = samples.find((sample) => seriesKey({ ...sample, name: '' }) === seriesKey({ name: '', labels, value: 0 }))
  if (!found) throw new Error(`there is no ${family} ${JSON.stringify(labels)}`)
  return found.value
}

const seriesKey = ({ name: of, labels }: Sample) => `${of} ${JSON.stringify(Object.entries(labels).toSorted())}`

function labelsOf(text: string, wrong: (why: string) => Error): Record<string, string> {
  const labels: Record<string, string> = {}
  for (label.lastIndex = 0; label.lastIndex < text.length; ) {
    const found = label.exec(text)
    if (!found) throw wrong('labels that cannot be read')
    const [, key = '', value = ''] = found
    if (key in labels) throw wrong('a label twice')
    labels[key] = value
  }
  return labels
}

function numberOf(text: string, wrong: (why: string) => Error): number {
  // In any case of letters, as Go's ParseFloat takes it: prom-client writes `Nan` before the event loop was sampled.
  if (text.toLowerCase() === 'nan') return Number.NaN
  const value = text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)
  if (Number.isNaN(value)) throw wrong('no number')
  return value
}

function checked(of: string, { help = '', type, samples }: Partial<Family> & { samples: Sample[] }): Family {
  if (type === undefined) throw new Error(`${of} has no TYPE`)
  if (type === 'counter') {
    if (!of.endsWith('_total')) throw new Error(`the counter ${of} does not end with _total`)
    for (const { value } of samples) if (!(value >= 0)) throw new Error(`the counter ${of} is below 0`)
  } else if (/_(total|count|sum|bucket)$/.test(of)) throw new Error(`${of} is named like a counter's or a histogram's series`)
  if (type === 'histogram') checkHistogram(of, samples)
  return { help, type, samples }
}

function checkHistogram(of: string, samples: readonly Sample[]): void {
  const without = ({ labels: { le: _, ...labels } }: Sample) => JSON.stringify(Object.entries(labels).toSorted())
  for (const group of Map.groupBy(samples, without).values()) {
    const buckets = group.filter(({ name: n }) => n === `${of}_bucket`)
    const count = group.find(({ name: n }) => n === `${of}_count`)?.value
    const bounds = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)))
    const rises = (values: readonly number[], strictly: boolean) =>
      values.every((value, i) => i === 0 || (strictly ? value > (values[i - 1] as number) : value >= (values[i - 1] as number)))
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || !rises(bounds, true))
      throw new Error(`the bounds of ${of} do not rise to +Inf`)
    if (
      !rises(
        buckets.map(({ value }) => value),
        false,
      )
    )
      throw new Error(`the buckets of ${of} do not rise`)
    if (buckets.at(-1)?.value !== count) throw new Error(`the last bucket of ${of} is not its count`)
    if (!group.some(({ name: n }) => n === `${of}_sum`)) throw new Error(`${of} has no sum`)
  }
}
