import { describe, expect, it } from 'vitest'
import { fileNameOf, isCsvName, isPassedOver, safeStem, safeUploadName, workflowIdFor } from './names.ts'

/** A repeatable source of random numbers (mulberry32), so that a failure can be seen again. */
function randomFrom(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
const alphabets = [
  'abcXYZ019',
  '._- ',
  '/\\:*?"<>|',
  '\u0000\n\t\u001b',
  'éüßøñ',
  '語データ',
  '🎉🐚👩‍🔬',
  '\ud800\udfff',
  '$`\'";&',
  '..',
  '\u202e\u2066',
]
const randomName = (random: () => number) => {
  const length = Math.floor(random() * 300)
  let name = ''
  while (name.length < length) {
    const alphabet = [...(alphabets[Math.floor(random() * alphabets.length)] as string)]
    name += alphabet[Math.floor(random() * alphabet.length)]
  }
  return `${name}${random() < 0.8 ? '.csv' : ''}`
}

describe('workflow ids', () => {
  it('are unique and safe for any 3,000 names within one second', () => {
    const random = randomFrom(20240501)
    const taken = new Set<string>()
    const now = new Date('2024-05-01T12:00:00Z')
    for (let i = 0; i < 3000; i++) {
      const sha256 = Math.floor(random() * 1e9)
        .toString(16)
        .padStart(64, '0')
      const id = workflowIdFor({ fileName: randomName(random), sha256, again: 0 }, now, (id) => taken.has(id))
      expect(id).toMatch(/^mlops-1714564800-[A-Za-z0-9][A-Za-z0-9._-]*$/)
      expect(id).not.toMatch(/\.\./)
      expect(id.length).toBeLessThanOrEqual('mlops-1714564800-'.length + 200 + '-12345678-9999'.length)
      expect(taken.has(id)).toBe(false)
      taken.add(id)
    }
  })

  it.each([
    ['good_model.csv', 'good_model'],
    ['my data (final).v2.CSV', 'my_data_final_.v2'],
    ['Größe élevée.csv', 'Gro_e_elevee'],
    ['語.csv', 'file'],
    ['-rf.csv', 'rf'],
    ['..csv.csv', 'csv'],
    ['a..b.csv', 'a.b'],
    [`${'x'.repeat(251)}.csv`, 'x'.repeat(200)],
  ])('%j gives the stem %j', (name, stem) => expect(safeStem(name)).toBe(stem))

  it('get the hash only on a clash, and a number only after that', () => {
    const taken = new Set<string>()
    const next = () => {
      const id = workflowIdFor({ fileName: 'a.csv', sha256: `deadbeef${'0'.repeat(56)}`, again: 0 }, new Date(5000), (id) =>
        taken.has(id),
      )
      taken.add(id)
      return id
    }
    expect([next(), next(), next(), next()]).toEqual([
      'mlops-5-a',
      'mlops-5-a-deadbeef',
      'mlops-5-a-deadbeef-2',
      'mlops-5-a-deadbeef-3',
    ])
  })
})

describe('upload names', () => {
  it('are null or a plain visible name of at most 255 bytes, for any name', () => {
    const random = randomFrom(7)
    for (let i = 0; i < 3000; i++) {
      const name = safeUploadName(randomName(random))
      if (name === null) continue
      expect(name).not.toMatch(/[/\\\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      expect(['', '.', '..']).not.toContain(name)
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
      expect(name.isWellFormed()).toBe(true)
    }
  })
})

it('knows what is passed over and what is a CSV', () => {
  expect(['.x.csv', '~$x.csv', 'a.csv.part', 'A.TMP', 'b.crdownload', 'c.csv~', 'Thumbs.db'].every(isPassedOver)).toBe(true)
  expect(['x.csv', 'part.csv', 'tmp', '-x.csv', 'a.b.csv'].some(isPassedOver)).toBe(false)
  expect(['x.csv', 'X.CSV', 'a.b.Csv'].every(isCsvName)).toBe(true)
  expect(['x.csv.gz', 'csv', '.csv', 'x.tsv', 'x.csv '].some(isCsvName)).toBe(false)
})

describe('the name by which a file is known', () => {
  it.each([
    ['/inbox/bad_\u202egnp.csv', 'bad__gnp.csv'],
    ['/inbox/two\nlines\t.csv', 'two_lines_.csv'],
    ['/inbox/מכירות.csv', 'מכירות.csv'],
    ['/inbox/👩‍🔬 e\u0301.csv', '👩‍🔬 é.csv'],
  ])('%j is known as %j', (path, name) => expect(fileNameOf(path)).toBe(name))
})
