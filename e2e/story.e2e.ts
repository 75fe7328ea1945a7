/** The main job, told once and seen in every shell: a CSV is dropped, every step shows, a human approves, production serves the model. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectToHost, type HostConnection } from '../src/main/control/connectToHost.ts'
import { electronMajor, findElectron, launchChromium, launchElectron, oldestHosting, root } from './support/browsers.ts'
import { consoleOn } from './support/console.ts'
import { startDisplay } from './support/display.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

let host: Host
const atEnd: (() => unknown)[] = []
const afterStory: (() => unknown)[] = []

beforeAll(async () => {
  const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 2 }, operator: 'ada', settleSeconds: 0.5 })
  atEnd.push(() => removeHome(home))
  host = await startHost(home)
  atEnd.push(() => host.stop())
})
afterEach(async () => {
  for (const end of afterStory.splice(0).reverse()) await end()
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const freshLink = async () => (await host.connection.call('host.focus', {})).url as string

/** Asks the host of the window that is open now. */
let connection: HostConnection

const shells: Record<string, () => Promise<Page>> = {
  'the web shell in Chromium': async () => {
    const browser = await launchChromium()
    afterStory.push(() => browser.close())
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(await freshLink())
    return page
  },
  'the Electron window, attached': async () => {
    const display = await startDisplay()
    afterStory.push(display.stop)
    const app = await launchElectron(root, ['--attach', await freshLink()], { ...display.env, GATEHOUSE_HOME: host.home.root })
    afterStory.push(() => app.close())
    return app.firstWindow()
  },
}

// An old Electron shows the window only; e2e/hosting.e2e.ts has the hosting main process on a stand-in then.
if (electronMajor(findElectron()) >= oldestHosting) {
  shells['the Electron window, hosting'] = async () => {
    const display = await startDisplay()
    afterStory.push(display.stop)
    const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 2 }, operator: 'ada', settleSeconds: 0.5 })
    afterStory.push(() => removeHome(home))
    const app = await launchElectron(root, [], { ...display.env, GATEHOUSE_HOME: home.root })
    afterStory.push(() => app.close())
    const page = await app.firstWindow()
    await consoleOn(page).ready()
    connection = await connectToHost(home)
    afterStory.push(() => connection.close())
    return page
  }
}

let told = 0

describe.each(Object.keys(shells))('in %s', (name) => {
  const open = () => {
    connection = host.connection
    return (shells[name] as () => Promise<Page>)()
  }
  /** Each story has files of its own: names and contents that no other story used. */
  const newFile = async (stem: string) => {
    const path = join(host.home.root, `${stem}_${++told}.csv`)
    await writeFile(path, sampleCsv(told))
    return { path, fileName: `${stem}_${told}.csv` }
  }

  it('a CSV goes from the drop to production', async () => {
    const page = await open()
    const console = consoleOn(page)
    await console.ready()
    await page
      .getByRole('button', { name: 'Runs' })
      .or(page.getByRole('link', { name: 'Runs' }))
      .first()
      .waitFor()
    const { path, fileName } = await newFile('good')

    await console.dropFiles([path])
    await console.openRun(fileName)
    await console.says(/Waits for approval/)
    for (const step of ['Preprocess', 'Train', 'Log experiment', 'Assess quality', 'Deploy to dev']) {
      await console.step(step, 'completed').waitFor()
    }
    expect(await console.title()).toMatch(/1/)
    // A decision needs a reason, and says so.
    await console.panel.getByRole('button', { name: 'Approve…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve for production' }).click()
    await page
      .getByText(/reason is required/i)
      .first()
      .waitFor()
    await page.keyboard.press('Escape')

    await console.decide('approve', 'better than what serves now')
    await console.says(/^Completed .*to production/)
    await console.step('Deploy to prod', 'completed').waitFor()
    await console.panel.getByText('better than what serves now').first().waitFor()

    const { runs } = await connection.call('runs.list', { text: fileName })
    expect(runs).toMatchObject([{ stage: 'Completed', decision: { decision: 'approve', operator: 'ada', via: 'update' } }])
    const detail = await connection.call('runs.get', { workflowId: runs[0]?.workflowId as string })
    const prod = detail.deployments.find((deployment) => deployment.environment === 'prod')
    const served = await fetch(prod?.url as string)
    expect(await served.json()).toMatchObject({ current: true, model_id: detail.modelId })
    expect(detail.steps.every((step) => step.state === 'completed')).toBe(true)
  })

  it('a rejected model stays out of production, with its reason', async () => {
    const page = await open()
    const console = consoleOn(page)
    await console.ready()
    const { path, fileName } = await newFile('good_rejected')
    await console.dropFiles([path])
    await console.openRun(fileName)
    await console.says(/Waits for approval/)
    await console.decide('reject', 'the MAE is no better')
    await console.says(/rejected/i)
    await console.step('Deploy to prod', 'skipped').waitFor()
  })

  it('the same file again starts nothing and is linked; what is no CSV says why', async () => {
    const page = await open()
    const console = consoleOn(page)
    await console.ready()
    const { path, fileName } = await newFile('bad')
    await console.dropFiles([path])
    await console.openRun(fileName)
    await console.says(/gate/)
    const again = join(host.home.root, 'again', fileName)
    await page.keyboard.press('Escape')
    await mkdir(join(host.home.root, 'again'), { recursive: true })
    await copyFile(path, again)
    const picture = join(host.home.root, `picture_${told}.csv`)
    await writeFile(picture, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'))

    await console.dropFiles([again, picture])
    await page
      .getByText(/already processed/i)
      .first()
      .waitFor()
    await page.getByText(/PNG/).first().waitFor()
    const { runs } = await connection.call('runs.list', { text: fileName })
    expect(runs).toHaveLength(1)
  })
})
