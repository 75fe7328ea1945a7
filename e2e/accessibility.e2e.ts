/**
 * Every view and dialog of the console under axe, in both themes and at the narrowest window that is meant for it, in real
 * Chromium over the real web shell. The host behind it is the simulated one. What pictures.e2e looks at is not here again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Handlers } from '../src/contract/calls.ts'
import { createHistoryFiles } from '../src/main/backend/history/createHistoryFiles.ts'
import type { Scenario } from '../src/renderer/dev/simulatedHost.ts'
import { seriousFaults } from './support/axe.ts'
import { root } from './support/browsers.ts'
import { simulatedConsoles } from './support/simulatedConsole.ts'

const pictures = process.env.GATEHOUSE_PICTURES

interface Box {
  scrollWidth: number
  clientWidth: number
  textContent: string
}
declare const document: { documentElement: Box; querySelectorAll(selector: string): Iterable<Box> }

const openConsole = simulatedConsoles()

type Theme = 'light' | 'dark'

async function open(theme: Theme, scenario: Scenario = 'mixed') {
  const { page, simulated, backend } = await openConsole({ scenario, theme, width: 1024, height: 700 })
  // As a host reads them: they are no part of what is simulated.
  const files = createHistoryFiles(() => [])
  Object.assign(backend.handlers, {
    'history.openFile': files.open,
    'history.filePage': files.page,
    'history.filePayload': files.payload,
    'guide.code': ({ file }) => ({ text: readFileSync(join(root, 'src', 'temporal', file), 'utf8') }),
  } satisfies Partial<Handlers>)

  const faults: Record<string, string[]> = {}
  /** What is on the screen now, once it has come to rest. */
  const look = async (name: string) => {
    await page.waitForTimeout(200)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
    // What stands in the frame on every place has room for its words, or cuts them with dots.
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll('.nav-item, .stack-item')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => `no room for ${textContent}`),
    )
    const found = [...(await seriousFaults(page)), ...cut, ...(wide ? ['wider than the window'] : [])]
    if (found.length > 0) faults[name] = found
    if (pictures) await page.screenshot({ path: `${pictures}/axe-${name.replaceAll(' ', '-')}-${theme}-1024.png` })
  }
  const dialog = page.locator('[role=dialog], [role=alertdialog]')
  /** Opens a dialog, looks at it and closes it by Escape. */
  const lookInto = async (name: string, opens: () => Promise<unknown>) => {
    await opens()
    await dialog.first().waitFor()
    await look(name)
    await page.keyboard.press('Escape')
    await dialog.first().waitFor({ state: 'detached' })
  }
  const press = (name: string | RegExp, within: Pick<Page, 'getByRole'> = page) =>
    within.getByRole('button', { name }).first().press('Enter')
  const place = async (name: string) => {
    await page
      .getByRole('navigation', { name: 'Places' })
      .getByRole('link', { name: new RegExp(`^${name}`) })
      .click()
  }
  const { runs } = await simulated.handlers['runs.list']({ limit: 500, offset: 0 })
  const runOf = (fileName: string) => {
    const run = runs.find((each) => each.fileName === fileName)
    if (!run) throw new Error(`there is no ${fileName}`)
    return encodeURIComponent(run.workflowId)
  }
  const goTo = (hash: string) => page.goto(`${new URL(page.url()).origin}/${hash}`)
  return { page, faults, look, lookInto, press, place, runOf, goTo, dialog, backend }
}

describe.each(['light', 'dark'] as const)('in the %s theme nothing serious stands in the way', (theme) => {
  it('of the places', async () => {
    const { page, faults, look, lookInto, press, place, dialog } = await open(theme)
    await place('Inbox')
    await page
      .getByRole('button', { name: /^Open the run of/ })
      .first()
      .waitFor()
    await look('inbox')
    await place('Files')
    await page.getByText('tiny.csv').first().waitFor()
    await look('files')
    await place('Workers')
    await page.getByRole('heading', { name: 'The worker of this host' }).waitFor()
    await look('workers')
    await lookInto('stop the worker', () => press('Stop the worker…'))
    await lookInto('start a worker process', () => press('Start a worker process…'))
    await place('Drills')
    await page.getByRole('heading').first().waitFor()
    await look('drills')
    await place('Encryption')
    await page.getByRole('button', { name: 'New key…' }).waitFor()
    await look('encryption')
    await lookInto('where keys come from', () => press('Where they come from…'))
    await lookInto('import a key', () => press('Import…'))
    await lookInto('a new key', () => press('New key…'))
    await lookInto('export a key', () => press('Export…'))
    await place('Audit')
    await page.getByRole('button', { name: 'Open run' }).first().waitFor()
    await look('audit')
    await place('Settings')
    await page.getByRole('button', { name: /2\. standard/ }).waitFor()
    await look('settings')
    await lookInto('profiles', async () => {
      await press('Change…')
      await page.getByText('none is kept for this profile').waitFor()
    })
    await press('Change…')
    await page.getByRole('radio', { name: /lab/ }).press('Space')
    await press('Use lab…', dialog)
    await page.getByText('Runs do not move').waitFor()
    await look('use a profile')
    await press('Use lab', dialog)
    await page.getByText('embedded now, lab from the next start').waitFor()
    await look('another profile from the next start')
    await lookInto('back up', () => press('Back up now…'))
    await lookInto('diagnostics', async () => {
      await press('Collect diagnostics…')
      await page.getByText('doctor.json').waitFor()
    })
    await lookInto('diagnostics collected', async () => {
      await press('Collect diagnostics…')
      await press('Collect', page.getByRole('dialog'))
      await page.getByRole('button', { name: 'Save a copy' }).waitFor()
    })
    await lookInto('backed up', async () => {
      await press('Back up now…')
      await page.getByRole('dialog').getByText('Put the encryption keys in it').click()
      await press('Back up now', page.getByRole('dialog'))
      await page.getByRole('dialog', { name: 'Backing up' }).getByRole('progressbar').waitFor()
      await look('backing up')
      await page.getByRole('dialog', { name: 'Backed up' }).waitFor()
    })
    await lookInto('stop gatehouse', () => press('Stop Gatehouse…'))
    await lookInto('the keys', () => page.keyboard.press('?'))
    await lookInto('a part of the stack', () => press(/^Temporal/, page.getByRole('region', { name: 'Health of the stack' })))
    expect(faults).toEqual({})
  })

  it('of the run list and what acts on many runs', async () => {
    const { page, faults, look, lookInto, dialog } = await open(theme)
    await page.getByRole('option').first().waitFor()
    await look('runs')
    for (const key of ['f', 'v', 'l'] as const) {
      await page.keyboard.press(key)
      await page.locator('[role=menu], [role=dialog]').first().waitFor()
      await look(`the menu of ${key}`)
      await page.keyboard.press('Escape')
    }
    const choose = async (key: string, item: string) => {
      await page.keyboard.press(key)
      await page.locator('[role^=menuitem]', { hasText: item }).click()
    }
    await lookInto('longer than', () => choose('f', 'Over another time…'))
    await lookInto('from day to day', () => choose('f', 'From day to day…'))
    await lookInto('save a view', () => choose('v', 'Save as a view…'))
    await lookInto('saved views', () => choose('v', 'Rename or delete…'))
    await lookInto('how times are shown', () => page.getByTitle('How times are shown (t, z)').press('Enter'))
    await page.keyboard.press('Shift+X')
    await look('runs selected')
    await lookInto('approve many', () => page.keyboard.press('a'))
    await page.keyboard.press('c')
    await dialog.getByLabel('Reason').fill('The export was wrong.')
    await look('cancel many')
    await page.keyboard.press('Control+Enter')
    await dialog.getByRole('button', { name: 'Done' }).waitFor()
    await look('what became of many')
    await page.keyboard.press('Escape')
    await look('after many')
    // It is for who drags with a pointer, and hidden from all others; axe looks at what it shows all the same.
    for (const [name, carried] of [
      ['files over the window', "new File(['a,b'], 'a.csv')"],
      ['a text over the window', "'a text', 'text/plain'"],
    ] as const) {
      await page.evaluate(`{
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(${carried})
        dispatchEvent(new DragEvent('dragenter', { dataTransfer, cancelable: true }))
      }`)
      await page.locator('.drop-overlay').evaluate((overlay) => overlay.removeAttribute('aria-hidden'))
      await look(name)
      await page.evaluate("dispatchEvent(new DragEvent('dragleave'))")
      await page.locator('.drop-overlay').waitFor({ state: 'detached' })
    }
    expect(faults).toEqual({})
  })

  it('of a run, its payloads, its history and what it is compared with', async () => {
    const { page, faults, look, lookInto, press, runOf, goTo } = await open(theme)
    await goTo(`#/runs/${runOf('spring_campaign.csv')}/page`)
    await page.locator('[data-step=train_model] .step-line').click()
    await page.getByRole('tree').first().waitFor()
    await page.getByRole('tree').first().press('End')
    await look('a payload as a tree')
    await press('As Temporal sees it')
    await page.getByRole('region', { name: 'Bytes as hex' }).or(page.getByText('could not be read')).first().waitFor()
    await look('a payload as bytes')
    for (const tab of ['Run', 'Data', 'Model', 'History']) {
      await page.getByRole('tab', { name: tab }).click()
      await look(`the tab ${tab}`)
    }
    await page.getByRole('tab', { name: 'History' }).click()
    await lookInto('export the history', async () => {
      await press('Export…')
      await page.getByRole('radio', { name: /Decoded/ }).press('Space')
    })
    await page.getByRole('searchbox', { name: 'Filter the events read so far' }).fill('learning')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Found in the values' }).waitFor()
    await look('found in the values')
    await lookInto('compare with', () => press('Compare with…'))
    await lookInto('cancel a run', () => press('Cancel run…'))
    await lookInto('terminate a run', () => press('Terminate…'))
    await lookInto('reject', () => press('Reject…'))
    const [one, other] = [runOf('abalone_reviewed.csv'), runOf('abalone_first.csv')]
    await goTo(`#/runs/${one}/with/${other}`)
    await page.getByRole('heading', { name: 'Metrics' }).waitFor()
    await look('two runs compared')
    await page.keyboard.press('Escape')
    await lookInto('run again', () => press('Run again…'))
    await goTo(`#/runs/${runOf('failing_training.csv')}/page`)
    // The tab is the one that was looked at last.
    await page.getByRole('tab', { name: 'Run', exact: true }).click()
    await page.locator('[data-step=train_model] .step-line').click()
    await look('a run that is retrying')
    await goTo(`#/runs/${runOf('failing_training.csv')}/attempts/train_model/1/2`)
    await page.getByRole('heading', { name: 'Last heartbeat' }).waitFor()
    await look('two attempts compared')
    await goTo(`#/runs/${runOf('wrong_password.csv')}/page`)
    await page.locator('[data-step=log_experiment] .step-line').click()
    await look('a run that failed')
    await page.getByRole('tab', { name: 'History' }).click()
    await page.setInputFiles('input[accept*=json]', {
      ...{ name: 'history.json', mimeType: 'application/json' },
      buffer: Buffer.from('{"events":[]}'),
    })
    await lookInto('an empty history from a file', () => page.getByRole('dialog', { name: 'history.json' }).waitFor())
    await page.setInputFiles(
      'input[accept*=json]',
      join(root, 'src', 'temporal', 'workflows', 'fixtures', 'histories', 'retried.json'),
    )
    await lookInto('a history from a file', async () => {
      const events = page.getByRole('dialog', { name: 'retried.json' }).getByRole('button', { name: /Activity task scheduled/ })
      await events.first().press('Enter')
    })
    expect(faults).toEqual({})
  })

  it('of the guided demonstration, notices, and a console that has nothing or trouble', async () => {
    const { page, faults, look, lookInto, press, dialog, backend } = await open(theme)
    const about = { subject: 'good_model.csv', workflowId: 'mlops-1-good_model' }
    backend.emit('notice', { ...about, kind: 'approvalPending', title: 'Approval pending', body: 'It waits for you.' })
    backend.emit('notice', { ...about, kind: 'runFailed', title: 'Run failed', body: 'GPU temporarily unavailable.' })
    await page.locator('.toast').nth(1).waitFor()
    await look('notices')
    // Beside the places at the narrowest window too, and under a dialog.
    const left = (selector: string) => page.locator(selector).first().boundingBox()
    const [places, toast] = [await left('.nav'), await left('.toast')]
    expect(toast?.x).toBeGreaterThanOrEqual((places?.x ?? 0) + (places?.width ?? Number.POSITIVE_INFINITY))
    await lookInto('a dialog over notices', async () => {
      await page.keyboard.press('?')
      await dialog.first().waitFor()
      expect(
        await page.evaluate(
          "document.elementFromPoint(...['x', 'y'].map((side) => document.querySelector('.toast').getBoundingClientRect()[side] + 20)).closest('.toast')",
        ),
      ).toBeNull()
    })
    await page.keyboard.press('g')
    await page.keyboard.press('p')
    const guide = page.getByRole('complementary', { name: 'Demonstration' })
    await guide.getByRole('button', { name: 'Begin' }).waitFor()
    await look('the demonstration')
    await press('Begin', guide)
    await guide.getByRole('button', { name: 'Clean up…' }).waitFor()
    await look('the demonstration begun')
    await lookInto('code of the demonstration', async () => {
      await guide.getByRole('button', { name: /A look at the code/ }).press('Enter')
      await press('Do it', guide.getByRole('region', { name: /A look at the code/ }))
      await page
        .getByRole('region', { name: 'Code of workflows/mlopsWorkflow.ts' })
        .getByText('export async function MLOpsWorkflow')
        .first()
        .waitFor()
    })
    await lookInto('clean up', () => press('Clean up…', guide))
    expect(faults).toEqual({})
    for (const scenario of ['empty', 'troubled', 'locked', 'longNames'] as const) {
      const other = await open(theme, scenario)
      await other.look(scenario)
      await other.place('Encryption')
      await other.look(`${scenario} encryption`)
      if (scenario === 'troubled') await other.lookInto('a passphrase', () => other.press('Protect by a passphrase…'))
      expect(other.faults).toEqual({})
    }
  })
})
