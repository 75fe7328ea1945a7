/** Decisions that meet: two operators, a click and a timeout, a click and a cancellation, a bare signal. One wins, the loser is told. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Connection, Client as TemporalClient } from '@temporalio/client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApprovalPolicy, defaultPipelines, type Pipeline } from '../src/contract/pipelines.ts'
import { approveSignalName } from '../src/temporal/names.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

let host: Host
let browser: Browser
let seed = 0
const atEnd: (() => unknown)[] = []

beforeAll(async () => {
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 }, operator: 'ada', settleSeconds: 0.2 })
  atEnd.push(() => removeHome(home))
  host = await startHost(home)
  atEnd.push(() => host.stop())
  browser = await launchChromium()
  atEnd.push(() => browser.close())
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

/** A console of its own, as a second operator has it in another browser. */
async function consoleAt(place: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  await page.goto((await host.connection.call('host.focus', {})).url as string)
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click()
  return page
}

/** A run that waits at its gate under this policy. */
async function waiting(policy: Partial<ApprovalPolicy> = {}): Promise<{ workflowId: string; fileName: string }> {
  const settings = await host.connection.call('settings.get', {})
  const [demonstration, standard] = defaultPipelines as [Pipeline, Pipeline]
  const approval = { ...demonstration.approval, ...policy }
  await host.connection.call('settings.set', { settings: { ...settings, pipelines: [{ ...demonstration, approval }, standard] } })
  const fileName = `good_${++seed}.csv`
  const path = join(host.home.root, fileName)
  await writeFile(path, sampleCsv(seed))
  const { entries } = await host.connection.call('intake.submit', { paths: [path], origin: 'cli' })
  const workflowId = entries[0]?.workflowId as string
  await expect
    .poll(async () => (await host.connection.call('runs.get', { workflowId })).stage, { timeout: 60_000 })
    .toBe('AwaitingApproval')
  return { workflowId, fileName }
}

async function openDialog(page: Page, fileName: string, kind: 'Approve' | 'Reject', as?: string) {
  const row = page.locator('.inbox-item').filter({ hasText: fileName })
  await row.getByRole('button', { name: `${kind}…` }).click()
  const dialog = page.getByRole('dialog')
  if (as !== undefined) {
    await dialog.getByRole('button', { name: 'As somebody else' }).click()
    // Key by key, as a person: each makes it another decision, and the field has to stay.
    await dialog.page().keyboard.type(as)
  }
  await dialog.getByLabel('Reason').fill(`${as ?? 'ada'} says so.`)
  return {
    dialog,
    click: () =>
      dialog.getByRole('button', { name: kind === 'Approve' ? 'Approve for production' : 'Reject this model' }).click(),
    close: () => dialog.getByRole('button', { name: 'Close' }).click(),
  }
}
const decisionsOf = async (workflowId: string) =>
  (await host.connection.call('audit.list', { workflowId, kinds: ['decision'] })).entries.map(
    ({ operator, event, detail }) => `${operator} ${detail} ${event}`,
  )

describe('one run, several who decide', () => {
  it('two operators who click at once: one wins, the other is told who, in the dialog, and both are on record', async () => {
    const { workflowId, fileName } = await waiting()
    const [ada, grace] = await Promise.all([consoleAt('Inbox'), consoleAt('Inbox')])
    const [approve, reject] = await Promise.all([
      openDialog(ada, fileName, 'Approve'),
      openDialog(grace, fileName, 'Reject', 'grace'),
    ])
    await Promise.all([approve.click(), reject.click()])
    await expect.poll(async () => (await decisionsOf(workflowId)).length).toBe(2)
    const { decision } = await host.connection.call('runs.get', { workflowId })
    const [winner, loser] = decision?.operator === 'grace' ? [reject, approve] : [approve, reject]
    await winner.dialog
      .getByText(decision?.decision === 'approve' ? 'Approved' : 'Rejected', { exact: false })
      .first()
      .waitFor()
    const verb = decision?.decision === 'approve' ? 'approve' : 'reject'
    await loser.dialog
      .getByText(new RegExp(`${decision?.operator}.*${verb}|${verb}.*${decision?.operator}`, 'is'))
      .first()
      .waitFor()
    expect((await decisionsOf(workflowId)).filter((line) => line.endsWith('refused'))).toHaveLength(1)
    await Promise.all([ada.context().close(), grace.context().close()])
  })

  it('a dialog that is open while somebody else cancels the run says so, and its click changes nothing', async () => {
    const { workflowId, fileName } = await waiting()
    const page = await consoleAt('Inbox')
    const { dialog, click } = await openDialog(page, fileName, 'Approve')
    await Promise.all([
      host.connection.call('runs.cancel', { workflowId, reason: 'Wrong export.', requestId: crypto.randomUUID() }),
      click().catch(() => undefined),
    ])
    await dialog
      .getByText(/cancelled|Approved/i)
      .first()
      .waitFor()
    await expect
      .poll(async () => (await host.connection.call('runs.get', { workflowId })).stage, { timeout: 20_000 })
      .toMatch(/Cancelled|Completed/)
    await page.context().close()
  })

  it('a click after the run rejected itself is told that, and approves nothing', async () => {
    const { workflowId, fileName } = await waiting({ hours: 6 / 3600 })
    const page = await consoleAt('Inbox')
    const { dialog } = await openDialog(page, fileName, 'Approve')
    await dialog.getByText(/Nobody decided, so it rejected itself/).waitFor({ timeout: 30_000 })
    expect((await host.connection.call('runs.get', { workflowId })).stage).toBe('TimedOut')
    await page.context().close()
  })

  it('where the policy asks for two, a bare signal is refused, and panel, Inbox and audit say why', async () => {
    const { workflowId, fileName } = await waiting({ approvals: 2 })
    const page = await consoleAt('Inbox')
    const row = page.locator('.inbox-item').filter({ hasText: fileName })
    await row.getByText('0 of 2 approvals; after yours 1 more is needed.').waitFor()
    const { temporal } = await host.connection.call('stack.health', {})
    const connection = await Connection.connect({ address: temporal.address as string })
    try {
      await new TemporalClient({ connection }).workflow.getHandle(workflowId).signal(approveSignalName)
    } finally {
      await connection.close()
    }
    await row.getByRole('button', { name: `Open the run of ${fileName}` }).click()
    await page
      .locator('.run-panel')
      .getByText(/was refused: it carries no name/)
      .first()
      .waitFor()

    const first = await openDialog(page, fileName, 'Approve')
    await first.click()
    await first.dialog.getByRole('button', { name: 'Done' }).click()
    await row.getByText('You have approved already; one more approval by somebody else is needed.').waitFor()
    const second = await openDialog(page, fileName, 'Approve', 'grace')
    await second.dialog.getByText('1 of 2 approvals; yours would be the last.', { exact: false }).waitFor()
    await second.click()
    await second.dialog.getByRole('button', { name: 'Done' }).click()

    await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Audit' }).click()
    await page.getByRole('button', { name: 'Decisions' }).click()
    await page.getByLabel('Search the audit').fill(workflowId)
    await page.getByText('Approved by a bare signal').waitFor()
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^CSV/ }).click()])
    const csv = await readFile(await saved.path(), 'utf8')
    expect(csv).toMatch(/grace/)
    expect(csv).toMatch(/an unnamed client/)
    expect(await decisionsOf(workflowId)).toEqual(
      expect.arrayContaining(['ada approve done', 'grace approve done', 'an unnamed client approve refused']),
    )
    await page.context().close()
  })
})

describe('many at once', () => {
  it('twenty files that fail are one notice with their number, and it opens the list of them', async () => {
    const page = await consoleAt('Deployments')
    const paths = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const path = join(host.home.root, `too_few_${n}.csv`)
        await writeFile(path, `a,b\n${n},1\n`)
        return path
      }),
    )
    await host.connection.call('intake.submit', { paths, origin: 'cli' })
    const toast = page.getByRole('region', { name: 'Notices' })
    await toast.getByText(/^([4-9]|1\d|20) runs failed$/).waitFor({ timeout: 60_000 })
    expect(await toast.locator('.toast').count()).toBe(1)
    await toast.getByRole('button', { name: 'Show them' }).click()
    await page.locator('.runs-list').getByText('too_few_0.csv', { exact: true }).waitFor()
    expect(
      await page
        .locator('.runs-list')
        .getByText(/^good_/)
        .count(),
    ).toBe(0)
    await page.context().close()
  })
})
