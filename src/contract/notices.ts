/** What is worth an operator's attention: its kinds, what the operator wants to hear of them, and when not. */
import { z } from 'zod'

export const noticeKinds = [
  'approvalPending',
  /** It has waited long. */
  'approvalReminder',
  /** It rejects itself soon. */
  'approvalExpiring',
  /** It has rejected itself. */
  'approvalExpired',
  'runFailed',
  'gateFailed',
  /** A decision that was answered "on its way" changed nothing. */
  'decisionRefused',
  'stackDown',
  'stackUp',
  /** What came in quiet hours, told once when they are over. */
  'quietSummary',
  /** Asked for in the settings, to see whether notifications arrive. */
  'test',
] as const
export const noticeKind = z.enum(noticeKinds)
export type NoticeKind = z.infer<typeof noticeKind>

/** Worth a desktop notification; already filtered by the operator's settings. */
export const notice = z.object({
  kind: noticeKind,
  title: z.string(),
  body: z.string(),
  /** What tells it from others of its kind, e.g. the file's name; null when nothing does. */
  subject: z.string().nullable(),
  /** The run that it is about; null when it is about none. */
  workflowId: z.string().nullable(),
})
export type Notice = z.infer<typeof notice>

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export const weekday = z.enum(weekdays)
export type Weekday = z.infer<typeof weekday>

/** A time of the day, `00:00` to `23:59`. */
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Enter a time of the day, e.g. 22:00.')

const isTimeZone = (name: string) => {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Hours in which nothing is told. What came meanwhile is told in one notice when they are over. */
export const quietHours = z
  .object({
    on: z.boolean(),
    from: clockTime,
    /** Before `from`: on the next day. */
    to: clockTime,
    /** Days on which they begin. */
    days: z.array(weekday).min(1, 'Choose at least one day.'),
    /** IANA name; null: the zone of the host's machine. */
    timeZone: z.string().refine(isTimeZone, 'This is no time zone, e.g. Europe/Berlin.').nullable(),
    /** Whether a run that rejects itself soon is told all the same. */
    letExpiringThrough: z.boolean(),
  })
  .refine(({ from, to }) => from !== to, { message: 'Quiet hours must end at another time than they begin.', path: ['to'] })
export type QuietHours = z.infer<typeof quietHours>

const aWeekInMinutes = 7 * 24 * 60

export const notificationSettings = z.object({
  approvalPending: z.boolean(),
  approvalReminder: z.boolean(),
  approvalExpiring: z.boolean(),
  runFailed: z.boolean(),
  gateFailed: z.boolean(),
  /** Temporal or Postgres went down or came back. */
  stack: z.boolean(),
  /** A run that waits for approval is told again after this long, then once in every such interval. */
  remindAfterMinutes: z.number().min(1).max(aWeekInMinutes),
  remindEveryMinutes: z.number().min(5).max(aWeekInMinutes),
  /** So long before a run rejects itself it is told once more; at the earliest after half of its time. */
  warnBeforeMinutes: z.number().min(1).max(aWeekInMinutes),
  quiet: quietHours,
})
export type NotificationSettings = z.infer<typeof notificationSettings>

/** What each is to hear before anybody has set anything. */
export const defaultNotifications: NotificationSettings = {
  approvalPending: true,
  approvalReminder: true,
  approvalExpiring: true,
  runFailed: true,
  gateFailed: true,
  stack: true,
  remindAfterMinutes: 60,
  remindEveryMinutes: 60,
  warnBeforeMinutes: 30,
  quiet: {
    on: false,
    from: '22:00',
    to: '07:00',
    days: [...weekdays],
    timeZone: null,
    letExpiringThrough: true,
  },
}

/** The setting that switches a kind; null: always told, because an operator asked for it or would otherwise never know. */
export const switchOfKind: Record<NoticeKind, keyof NotificationSettings | null> = {
  approvalPending: 'approvalPending',
  approvalReminder: 'approvalReminder',
  approvalExpiring: 'approvalExpiring',
  approvalExpired: 'approvalExpiring',
  runFailed: 'runFailed',
  gateFailed: 'gateFailed',
  decisionRefused: null,
  stackDown: 'stack',
  stackUp: 'stack',
  quietSummary: null,
  test: null,
}
