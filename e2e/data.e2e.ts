/** A backup and an archive of diagnostics from the page of a real host, with secrets planted wherever one may stand. */
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pipeline } from '../src/contract/pipelines.ts'
import { openArchive } from '../src/main/backend/backup/archive.ts'
import { textsIn } from '../src/main/backend/diagnostics/readFolder.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, startHost } from './support/host.ts'
import { takePictures } from './support/pictures.ts'

let host: Host
let browser: Browser
let page: Page

const cell = 'pl4nted-cell'
const planted = {
  address: 'pl4nted-address',
  argument: 'pl4nted-argument',
  proprietary: 'pl4nted-proprietary',
  apiKey: 'pl4nted-api-key',
}

beforeAll(async () => {
  const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 1 }, settleSeconds: 0.5, operator: 'ada' })
  await writeFile(
    join(home.config, 'profiles.json'),
    JSON.stringify({
      current: 'embedded',
      profiles: {
        lab: {
          temporal: { address: 'lab.example:7233', namespace: 'lab', uiUrl: `https://me:${planted.address}@lab.example` },
          postgres: { host: 'lab.example', user: 'me', database: 'lab' },
        },
      },
    }),
  )
  host = await startHost(home)
  browser = await launchChromium()
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, acceptDownloads: true })
  await page.goto(host.url)
  const { connection } = host
  const settings = await connection.call('settings.get', {})
  const [first] = settings.pipelines
  if (!first) throw new Error('there is no pipeline')
  const command: Pipeline = {
    ...first,
    name: 'planted',
    match: { folders: [], patterns: ['planted*.csv'] },
    trainer: {
      kind: 'command',
      command: [
        process.execPath,
        '-e',
        'console.error(process.argv.join()); process.exit(1)',
        '--',
        '--api-key',
        planted.argument,
      ],
      timeLimitMinutes: 1,
      settings: { api_key: planted.apiKey, proprietary_alpha: planted.proprietary },
    },
    retries: { train_model: { ...settings.retries.train_model, maximumAttempts: 1 } },
  }
  await connection.call('settings.set', {
    settings: { ...settings, pipelines: [command, ...settings.pipelines] },
  })
  await connection.call('drills.set', {
    requestId: randomUUID(),
    name: 'training-fails',
    to: { scope: { kind: 'files', pattern: 'failing*' } },
  })
  const file = async (name: string, text: string) => {
    await writeFile(join(home.root, name), text)
    return join(home.root, name)
  }
  const rows = (value: (i: number) => string) => Array.from({ length: 60 }, (_, i) => `${i},${value(i)},${i % 2}`).join('\n')
  const files = [
    await file('good.csv', `a,${cell}-header,target\n${rows((i) => `${cell}-${i % 3}`)}\n`),
    await file('failing.csv', `a,b,target\n${rows((i) => String(i % 7))}\n`),
    await file('planted.csv', `a,b,target\n${rows((i) => `${cell}-${i % 3}`)}\n`),
    await file('refused.csv', `a,b,target\n${cell}-1,${cell}-2,${cell}-3\n`),
    await file('quoted.csv', `a,b,target\n1,"${cell}-4,2\n"${rows((i) => `${cell}"${i}`)}\n`),
    await file('binary.csv', `\0\0\0${cell}\0`),
  ]
  await connection.call('intake.submit', { paths: files, origin: 'cli' })
})
afterAll(async () => {
  await browser?.close()
  await host?.stop()
  if (host) await removeHome(host.home)
})

const dialog = () => page.getByRole('dialog')

it('has runs that wait, and others that failed', async () => {
  const { connection } = host
  await expect
    .poll(async () => (await connection.call('runs.list', {})).runs.map(({ fileName, stage }) => `${fileName} ${stage}`), {
      timeout: 90_000,
    })
    .toEqual(expect.arrayContaining(['good.csv AwaitingApproval', 'failing.csv Failed', 'planted.csv Failed']))
  // Sent twice, as after an answer that was lost.
  const wrong = { requestId: randomUUID(), name: 'postgres-password', to: {} } as const
  const sent = await Promise.all([connection.call('drills.set', wrong), connection.call('drills.set', wrong)])
  expect(await connection.call('drills.set', wrong)).toEqual(sent[0])
})

it('backs up where the host lets it, and says where that is', async () => {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Settings' }).press('Enter')
  await page.getByRole('button', { name: 'Back up now…' }).press('Enter')
  await takePictures(page, 'backup-ask')
  const words = ['Passphrase', 'Once more'] as const
  for (const label of words) await dialog().getByLabel(label, { exact: true }).fill('correct horse battery staple')
  // Among what Gatehouse works with nothing may be put.
  await dialog().getByLabel('Folder on the host’s machine').fill(host.home.store)
  await dialog().getByRole('button', { name: 'Back up now' }).press('Enter')
  await dialog().getByText('is part of the data folder').waitFor()
  await takePictures(page, 'backup-refused')
  expect(await dialog().getByLabel('Folder on the host’s machine').inputValue()).toBe(host.home.store)
  await dialog().getByLabel('Folder on the host’s machine').fill('')
  for (const label of words) await dialog().getByLabel(label, { exact: true }).fill('correct horse battery staple')
  await dialog().getByRole('button', { name: 'Back up now' }).press('Enter')
  await page.getByRole('dialog', { name: 'Backed up' }).waitFor({ timeout: 30_000 })
  await takePictures(page, 'backup-made')
  const { last } = await host.connection.call('backup.state', {})
  expect(last).toMatchObject({ isThere: true, keysMissing: [] })
  await dialog().getByText(`gatehouse restore "${last?.file}" --home NEW_FOLDER`).waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => page.getByText('with keys', { exact: false }).count()).toBe(1)
})

it('collects diagnostics in which nothing that was planted stands', async () => {
  await page.getByRole('button', { name: 'Collect diagnostics…' }).press('Enter')
  await dialog().getByText('README.txt').waitFor()
  await takePictures(page, 'diagnostics-ask')
  await dialog().getByRole('button', { name: 'Collect', exact: true }).press('Enter')
  await page.getByRole('dialog', { name: 'Diagnostics were collected' }).waitFor()
  await takePictures(page, 'diagnostics-made')
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    dialog().getByRole('button', { name: 'Save a copy' }).press('Enter'),
  ])
  const archive = await openArchive(await saved.path())
  const secrets = [
    ...Object.values(planted),
    cell,
    new URL(host.url).hash.replace('#token=', ''),
    ...textsIn(JSON.parse(await readFile(join(host.home.config, 'secrets.json'), 'utf8'))).filter((text) => text.length >= 8),
    JSON.parse(await readFile(host.home.control, 'utf8')).token,
    host.home.root,
    ...(homedir() === '/root' ? [] : [homedir()]),
  ]
  const texts = new Map<string, string>()
  for (const { name } of archive.entries) texts.set(name, (await archive.read(name, 1e8)).toString('utf8'))
  archive.close()
  if (process.env.GATEHOUSE_PICTURES)
    for (const [name, text] of texts) await writeFile(join(process.env.GATEHOUSE_PICTURES, name.replaceAll('/', '_')), text)
  for (const [name, text] of texts) {
    for (const secret of secrets) expect.soft(text, `${secret} in ${name}`).not.toContain(secret)
  }
  expect([...texts.keys()]).toEqual(
    expect.arrayContaining(['versions.json', 'doctor.json', 'health.json', 'failures.json', 'metrics.txt', 'ledger.json']),
  )
  // What the trainer said is in it, its argument is not.
  expect(texts.get('failures.json')).toContain('--api-key,[secret]')
  expect(texts.get('failures.json')).toContain('GPU temporarily unavailable')
  expect(texts.get('metrics.txt')).toContain('gatehouse_')
  expect(texts.get('logs/gatehouse.log')).toContain('drill used')
  expect(texts.get('config/drills.json')).toContain('postgres-password')
  await page.keyboard.press('Escape')
})

it('has all of it on record, what was sent twice once', async () => {
  const { entries } = await host.connection.call('audit.list', { limit: 50 })
  const deeds = entries.map(({ name, event }) => `${name} ${event}`)
  expect(deeds.filter((deed) => deed === 'postgres-password on')).toHaveLength(1)
  expect(deeds).toEqual(expect.arrayContaining(['backup.make refused', 'backup.make done', 'diagnostics.make done']))
})
