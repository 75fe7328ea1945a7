import { describe, expect, it, vi } from 'vitest'
import type { RunSummary } from '../../../contract/model.ts'
import type { Notice } from '../../../contract/notices.ts'
import { runOf } from '../../../contract/testRun.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createNoticesStore } from './noticesStore.ts'

const notice = (n: number, kind: Notice['kind'] = 'approvalPending'): Notice => ({
  kind,
  title: `run ${n}`,
  body: '',
  subject: `file ${n}`,
  workflowId: `w${n}`,
})

/** A browser's Notification that remembers what it was asked to show. */
function browserOf(permission: NotificationPermission) {
  const shown: { title: string; onclick: (() => void) | null; close: () => void }[] = []
  const closed: unknown[] = []
  class FakeNotification {
    static permission = permission
    title: string
    onclick: (() => void) | null = null
    constructor(title: string) {
      this.title = title
      shown.push(this)
    }
    close() {
      closed.push(this)
    }
  }
  return { shown, closed, notifications: FakeNotification as unknown as typeof Notification }
}

describe('noticesStore', () => {
  it.each([
    ['the window has the focus: a toast', true, 'granted', 1, 0],
    ['it has not, and the browser allows it: a notification', false, 'granted', 0, 1],
    ['it has not, and the browser was not asked: a toast that waits', false, 'default', 1, 0],
  ] as const)('%s', async (_name, focus, permission, toasts, notifications) => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const browser = browserOf(permission)
      const store = createNoticesStore({
        connection,
        notifications: browser.notifications,
        hasFocus: () => focus,
        open: () => {},
        isShown: () => false,
      })
      connection.emit('notice', notice(1))
      await vi.runAllTimersAsync()
      expect(store.getState().toasts).toHaveLength(toasts)
      expect(browser.shown).toHaveLength(notifications)
    } finally {
      vi.useRealTimers()
    }
  })

  it('runs that come to the gate one after the other are one toast, and each failure of the stack its own', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const store = createNoticesStore({
        connection,
        notifications: null,
        hasFocus: () => true,
        open: () => {},
        isShown: () => false,
      })
      const several = Array.from({ length: 5 }, (_, n) => notice(n))
      for (const burst of [[notice(10)], several, [notice(11)]]) {
        for (const one of burst) connection.emit('notice', one)
        await vi.runAllTimersAsync()
      }
      expect(store.getState().toasts.map((toast) => toast.title)).toEqual(['7 runs wait for approval'])
      for (const n of [1, 2]) {
        connection.emit('notice', notice(n, 'stackDown'))
        await vi.runAllTimersAsync()
      }
      expect(store.getState().toasts.map((toast) => toast.title)).toEqual(['7 runs wait for approval', 'run 1', 'run 2'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('follows decisions: its number is what still waits, and it goes with the last of them', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const browser = browserOf('granted')
      let focus = true
      const store = createNoticesStore({
        connection,
        notifications: browser.notifications,
        hasFocus: () => focus,
        open: () => {},
        isShown: () => false,
      })
      const shown = () => store.getState().toasts.map(({ title, opens }) => [title, opens])
      const change = (n: number, change: Partial<RunSummary>) =>
        connection.emit('runs.changed', { runs: [runOf(`w${n}`, 0, { stage: 'AwaitingApproval', ...change })] })
      for (const n of [1, 2, 3, 4, 5]) connection.emit('notice', notice(n))
      connection.emit('notice', notice(6, 'runFailed'))
      // Decided before it was told.
      change(5, { stage: 'Completed' })
      await vi.runAllTimersAsync()
      const failed = ['run 6', { place: 'run', workflowId: 'w6' }]
      expect(shown()).toEqual([['4 runs wait for approval', { place: 'inbox' }], failed])
      // It still waits: only its metrics are new, or one of two approvals is there.
      change(1, {})
      change(1, { decisionPending: true })
      change(6, { stage: 'Failed' })
      expect(shown()).toEqual([['3 runs wait for approval', { place: 'inbox' }], failed])
      change(2, { stage: 'Rejected' })
      change(4, { stage: 'DeployingProd' })
      expect(shown()).toEqual([['1 run waits for approval', { place: 'run', workflowId: 'w3' }], failed])
      connection.emit('notice', notice(7))
      await vi.runAllTimersAsync()
      expect(shown()).toEqual([failed, ['2 runs wait for approval', { place: 'inbox' }]])
      change(3, { stage: 'Completed' })
      change(7, { stage: 'Completed' })
      expect(shown()).toEqual([failed])

      // On the desktop too.
      focus = false
      connection.emit('notice', notice(8))
      await vi.runAllTimersAsync()
      expect(browser.closed).toHaveLength(0)
      change(8, { stage: 'Completed' })
      expect(browser.closed).toEqual(browser.shown)
    } finally {
      vi.useRealTimers()
    }
  })

  it('says nothing about the run that is on the screen', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const store = createNoticesStore({
        connection,
        notifications: null,
        hasFocus: () => true,
        open: () => {},
        isShown: (id) => id === 'w1',
      })
      connection.emit('notice', notice(1))
      connection.emit('notice', notice(2))
      await vi.runAllTimersAsync()
      expect(store.getState().toasts.map((toast) => toast.title)).toEqual(['run 2'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('where the shell notifies by itself, nothing is shown behind its back', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const store = createNoticesStore({
        connection,
        notifications: null,
        hasFocus: () => false,
        open: () => {},
        isShown: () => false,
      })
      connection.emit('notice', notice(1))
      await vi.runAllTimersAsync()
      expect(store.getState().toasts).toEqual([])
      expect(store.getState().permission).toBe('unsupported')
    } finally {
      vi.useRealTimers()
    }
  })

  it('many failures are one notification that takes the place of those before it, and a click opens the list of them', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const browser = browserOf('granted')
      const opened: unknown[] = []
      createNoticesStore({
        connection,
        notifications: browser.notifications,
        hasFocus: () => false,
        open: (target) => opened.push(target),
        isShown: () => false,
      })
      vi.stubGlobal('window', { focus: () => {} })
      for (let n = 1; n <= 20; n++) {
        connection.emit('notice', notice(n, 'runFailed'))
        await vi.advanceTimersByTimeAsync(1_000)
      }
      const left = browser.shown.filter((one) => !browser.closed.includes(one))
      expect(left.map(({ title }) => title)).toEqual(['20 runs failed'])
      left[0]?.onclick?.()
      expect(opened).toEqual([{ place: 'runs', stages: ['Failed'] }])
    } finally {
      vi.unstubAllGlobals()
      vi.useRealTimers()
    }
  })

  it('a test goes to the desktop also while the window has the focus', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({})
      const browser = browserOf('granted')
      const store = createNoticesStore({
        connection,
        notifications: browser.notifications,
        hasFocus: () => true,
        open: () => {},
        isShown: () => false,
      })
      connection.emit('notice', { ...notice(1, 'test'), workflowId: null })
      await vi.runAllTimersAsync()
      expect([browser.shown.length, store.getState().toasts.length]).toEqual([1, 1])
    } finally {
      vi.useRealTimers()
    }
  })
})
