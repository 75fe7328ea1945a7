/**
 * Payloads and comparisons by keys alone, in real Chromium over the real web shell. The host behind it is the simulated one,
 * with a training whose inputs are as large and as odd as Temporal lets them be.
 */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { RunSummary } from '../src/contract/model.ts'
import { seriousFaults } from './support/axe.ts'
import { takePictures } from './support/pictures.ts'
import { simulatedConsoles } from './support/simulatedConsole.ts'

/** What the page put on the clipboard last; reading the real one is denied by the shell's permissions policy. */
declare const window: { copied: string }
const notesCopies = `navigator.clipboard.writeText = async (text) => void (window.copied = text)`

/** 2 MB, with an id that no double holds. */
const large = `{"rows":[${Array.from({ length: 30_000 }, (_, i) => `{"id":90071992547409${10 + (i % 90)},"name":"row ${i}","value":${i / 7}}`)}],"seed":9007199254740993}`
const deep = `${'['.repeat(10_000)}"the bottom"${']'.repeat(10_000)}`
const login = '{"user": "ada", "db_password": "hunter2", "retries": 3.10}'
const bytes = Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * 7) % 251)

const openConsole = simulatedConsoles()

async function open() {
  const { page, problems, simulated, backend } = await openConsole({ before: notesCopies })
  const payloads = simulated.handlers['runs.payloads']
  backend.handlers['runs.payloads'] = async (input) => {
    const answer = await payloads(input)
    const [one] = answer.inputs
    if (!one || input.step !== 'train_model') return answer
    const json = (label: string, text: string) => ({ ...one, label, json: text, sizeBytes: text.length })
    const inClear = { encoding: 'json/plain', messageType: null, sizeBytes: login.length }
    const opaque = { encoding: 'binary/protobuf', messageType: 'pkg.v1.Message', sizeBytes: bytes.length }
    return {
      ...answer,
      inputs: [
        json('large', large),
        json('deep', deep),
        { ...json('login', login), encoding: 'json/plain', holds: inClear, stored: Buffer.from(login).toString('base64') },
        {
          ...{ ...one, label: 'bytes', json: null, holds: opaque, stored: '' },
          ref: { in: 'event', eventId: '5', index: 2, newestFirst: false, older: null },
        },
      ],
    }
  }
  backend.handlers['history.payload'] = ({ from }) => ({
    ...{ sizeBytes: bytes.length, from },
    bytes: Buffer.from(bytes.subarray(from, from + 1_048_576)).toString('base64'),
  })
  const { runs } = await simulated.handlers['runs.list']({ limit: 500, offset: 0 })
  const done = runs.filter(({ stage }) => stage === 'Completed')
  return { page, problems, done: done as [RunSummary, RunSummary] }
}

const goTo = (page: Page, hash: string) => page.goto(`${new URL(page.url()).origin}/${hash}`)
const clipboard = (page: Page) => page.evaluate(() => window.copied)

it('large, deep and opaque values are read, searched and copied by keys alone', async () => {
  const { page, problems, done } = await open()
  await goTo(page, `#/runs/${encodeURIComponent(done[0].workflowId)}/page`)
  await page.locator('[data-step=train_model] .step-line').click()
  const section = (label: string) => page.locator('.payload', { hasText: label })

  const tree = section('large').getByRole('tree')
  await tree.focus()
  await page.keyboard.press('/')
  await page.keyboard.type('row 2999')
  // 2999 and 29990 to 29999.
  await section('large').getByText('1 of 11').waitFor()
  await page.keyboard.press('Enter')
  await section('large').getByText('2 of 11').waitFor()
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.press('ArrowDown')
  expect(await tree.evaluate((element) => element.matches(':focus'))).toBe(true)
  await page.keyboard.press('p')
  await expect.poll(() => clipboard(page)).toBe('rows[2999].name')
  await page.keyboard.press('c')
  await expect.poll(() => clipboard(page)).toBe('row 2999')
  await page.keyboard.press('End')
  await page.keyboard.press('c')
  await expect.poll(() => clipboard(page)).toBe('9007199254740993')
  await page.keyboard.press('Home')
  await page.keyboard.press('c')
  await expect.poll(async () => (await clipboard(page)) === large).toBe(true)
  expect(await section('large').getByRole('treeitem').count()).toBeLessThan(100)

  await section('deep').getByRole('tree').focus()
  await page.keyboard.press('/')
  await page.keyboard.type('BOTTOM')
  await section('deep').getByText('1 of 1', { exact: true }).waitFor()
  await section('deep').getByRole('treeitem', { level: 10_001 }).waitFor()

  await section('bytes').getByText('0–3,071 of 1,500,000 bytes').waitFor()
  await section('bytes').getByRole('button', { name: 'To the last' }).click()
  await section('bytes').getByText('–1,499,999 of 1,500,000 bytes').waitFor()
  await section('bytes').getByRole('button', { name: 'Copy all bytes as hex' }).click()
  await expect.poll(async () => (await clipboard(page)) === Buffer.from(bytes).toString('hex')).toBe(true)

  // What a name says is secret is covered until asked for.
  const result = section('Result').first().getByRole('tree')
  await result.focus()
  await page.keyboard.press('End')
  expect(await result.textContent()).not.toContain('1.337')
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => result.textContent()).toContain('1.337')
  expect(await seriousFaults(page)).toEqual([])
  expect(problems).toEqual([])
})

it('what is copied is what is on the screen: whole, and what is covered there stays covered', async () => {
  const { page, problems, done } = await open()
  await goTo(page, `#/runs/${encodeURIComponent(done[0].workflowId)}/page`)
  await page.locator('[data-step=train_model] .step-line').click()
  const section = (label: string) => page.locator('.payload', { hasText: label })
  await section('large').getByRole('treeitem').first().waitFor()
  await section('large').getByRole('button', { name: 'Copy the input 1 as JSON' }).press('Enter')
  await expect.poll(async () => (await clipboard(page)) === large).toBe(true)

  const value = section('login')
  await value.getByRole('button', { name: /^Copy the input/ }).press('Enter')
  await value.getByText('1 secret stays covered in it').waitFor()
  await takePictures(page, 'payload-copied')
  expect(JSON.parse(await clipboard(page))).toEqual({ user: 'ada', db_password: '[covered]', retries: 3.1 })
  await value.getByRole('tree').focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('c')
  await expect.poll(() => clipboard(page)).toBe(login.replace('hunter2', '[covered]'))

  // Its bytes would show it, as Temporal holds this one in clear.
  await value.getByRole('button', { name: 'As Temporal sees it' }).press('Enter')
  await value.getByText('Its bytes show it.').waitFor()
  await takePictures(page, 'payload-bytes-covered')
  expect(await value.textContent()).not.toContain('hunter2')
  await value.getByRole('button', { name: 'Show the bytes' }).press('Enter')
  await value.getByText('68 75 6e 74').waitFor()
  await value.getByRole('button', { name: 'As you see it' }).press('Enter')
  await value.getByRole('button', { name: /^Copy the input/ }).press('Enter')
  await expect.poll(() => clipboard(page)).toBe(login)
  expect(await seriousFaults(page)).toEqual([])
  expect(problems).toEqual([])
})

it('a run is compared with another one, and the address keeps it', async () => {
  const { page, problems, done } = await open()
  const [run, other] = done
  await goTo(page, `#/runs/${encodeURIComponent(run.workflowId)}/page`)
  await page.getByRole('button', { name: 'Compare with…' }).press('Enter')
  await page.getByRole('searchbox', { name: 'Search runs' }).fill(other.workflowId)
  await page.getByRole('dialog').locator('.diff-pick').last().press('Enter')
  await page.getByRole('heading', { name: 'Metrics' }).waitFor()
  expect(page.url()).toContain(`/runs/${encodeURIComponent(run.workflowId)}/with/${encodeURIComponent(other.workflowId)}`)
  const results = page.getByRole('table', { name: 'Results: what differs' })
  expect(await results.textContent()).not.toContain('1.337')
  await page.getByRole('button', { name: 'Show secrets' }).press('Enter')
  await expect.poll(() => results.textContent()).toContain('1.337')
  await page.reload()
  await page.getByRole('heading', { name: 'Metrics' }).waitFor()
  expect(await results.textContent()).not.toContain('1.337')
  expect(await seriousFaults(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Compare with…' }).waitFor()
  expect(problems).toEqual([])
})
