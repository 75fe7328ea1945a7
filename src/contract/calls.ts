/** Every call of the console, declared once: name -> input and output. Client, handlers and tests derive their types from here. */
import { z } from 'zod'
import { candidate, productionModel } from './approvals.ts'
import { backupReport, backupState } from './backup.ts'
import { diagnosticsContents, diagnosticsPiece, diagnosticsReport } from './diagnostics.ts'
import { diff } from './diff.ts'
import { drillName, drillOrder, drillsState, fault, stepAttempt } from './drills.ts'
import { codeFile, guideState } from './guide.ts'
import {
  historyFile,
  historyFilePiece,
  historyPage,
  historyPiece,
  historySearch,
  payloadPiece,
  runValues,
  stepPayloads,
} from './history.ts'
import { keyId, keySettings, keysState, newPassphrase, passphrase, vaultToken, wrappedKey } from './keys.ts'
import { metricsState } from './metrics.ts'
import {
  appInfo,
  decisionKind,
  filePayloadRef,
  historyPlace,
  intakeEntry,
  runDetail,
  runPayloadRef,
  runSummary,
  selfTestReport,
  settings,
  stackHealth,
  stage,
  stepName,
  timestamp,
} from './model.ts'
import { environment, environmentState, modelDetail, modelSummary } from './models.ts'
import { mostObserved, observed } from './observed.ts'
import { auditFilter, auditRecord, stepAction } from './operator.ts'
import { isBlank, reasonProblem } from './people.ts'
import { profileCheck, profileName, profilesState } from './profiles.ts'
import { runFilter } from './runFilter.ts'
import { runSort } from './runSort.ts'
import { chosenColumns, runView, viewsState } from './runViews.ts'
import { dataProfile, trainingReport } from './training.ts'
import { workersState } from './workers.ts'

const nothing = z.object({}).strict()
const workflowId = z.string().min(1).max(1000)
const reason = z
  .string()
  .trim()
  .superRefine((text, { addIssue }) => {
    const message = reasonProblem(text)
    if (message !== null) addIssue({ code: 'custom', message })
  })
const operatorName = z
  .string()
  .trim()
  .refine((name) => !isBlank(name), 'A name must not be empty.')
  .max(120)
const modelId = z.string().min(1).max(1000)
const guidePhaseNumber = z.number().int().min(1).max(6)

export const calls = {
  'app.info': { input: nothing, output: appInfo },
  /** Tries every part of the host's installation that needs no server, apart from it; takes up to half a minute. */
  'app.selfTest': { input: nothing, output: selfTestReport },

  /** In the order of `sort`, else newest first. `total` counts what the filter matches, `byStage` counts everything. */
  'runs.list': {
    input: runFilter
      .extend({
        sort: runSort.optional(),
        limit: z.number().int().min(1).max(5000).default(500),
        offset: z.number().int().min(0).default(0),
      })
      .strict(),
    output: z.object({
      runs: z.array(runSummary),
      total: z.number().int(),
      byStage: z.partialRecord(stage, z.number().int()),
    }),
  },
  'views.list': { input: nothing, output: viewsState },
  /** Keeps a view under its id, a new one or one that is changed or named anew; no two have one name. */
  'views.save': { input: z.object({ view: runView }).strict(), output: viewsState },
  /** Idempotent; saving the view again takes it back. */
  'views.remove': { input: z.object({ id: z.uuid() }).strict(), output: viewsState },
  /** The columns that the list has until others are chosen. */
  'views.keepColumns': { input: z.object({ columns: chosenColumns }).strict(), output: viewsState },
  'runs.get': { input: z.object({ workflowId }).strict(), output: runDetail },
  /** Inputs and results of one step, decoded from Temporal's history on demand; never stored. */
  'runs.payloads': { input: z.object({ workflowId, step: stepName }).strict(), output: stepPayloads },
  /**
   * One page of Temporal's history of a run, newest first, decoded on demand; never stored. `older` is of the page before;
   * `limit` is how many events at most.
   */
  'history.page': {
    input: z
      .object({
        workflowId,
        older: historyPlace.nullable().default(null),
        limit: z.number().int().min(1).max(200).default(100),
      })
      .strict(),
    output: historyPage,
  },
  /** Memo, search attributes, headers, input and the answer to `get_status` of a run, decoded on demand; never stored. */
  'runs.values': { input: z.object({ workflowId }).strict(), output: runValues },
  /**
   * The bytes of one payload, as Temporal holds them or decoded, a piece at a time (`payloadPieceBytes`); none when `from` is
   * its end. `notFound` when the payload is no more where it was.
   */
  'history.payload': {
    input: z
      .object({ workflowId, ref: runPayloadRef, part: z.enum(['stored', 'decoded']), from: z.number().int().min(0).default(0) })
      .strict(),
    output: payloadPiece,
  },
  /** The same for a payload of a history that was opened from a file; `notFound` when the file is no more open. */
  'history.filePayload': {
    input: z
      .object({ ref: filePayloadRef, part: z.enum(['stored', 'decoded']), from: z.number().int().min(0).default(0) })
      .strict(),
    output: payloadPiece,
  },
  /**
   * Two runs beside each other, from decoded values in memory; `left` is what the other is measured by. `reveal` tells what
   * secrets are; without it only whether they differ.
   */
  'runs.diff': {
    input: z.object({ left: workflowId, right: workflowId, reveal: z.boolean().default(false) }).strict(),
    output: diff,
  },
  /** The same for two attempts of one step, by their numbers. */
  'runs.diffAttempts': {
    input: z
      .object({
        workflowId,
        step: stepName,
        left: z.number().int().min(1),
        right: z.number().int().min(1),
        reveal: z.boolean().default(false),
      })
      .strict(),
    output: diff,
  },
  /**
   * One piece of a history as a JSON file, as Temporal holds it or decoded; `after` is the `next` of the piece before. Whoever
   * takes decoded values out is on record.
   */
  'history.export': {
    input: z.object({ workflowId, decoded: z.boolean(), after: z.base64().min(1).max(10_000).nullable().default(null) }).strict(),
    output: historyPiece,
  },
  /**
   * Opens a history from a file, read-only and in memory: its text in pieces, each of the same `upload`; null until the last
   * one is there. `history.filePage` then gives its pages.
   */
  'history.openFile': {
    input: z
      .object({
        upload: z.uuid(),
        fileName: z.string().min(1).max(1000),
        text: z.string().max(historyFilePiece),
        last: z.boolean(),
      })
      .strict(),
    output: historyFile.nullable(),
  },
  'history.filePage': {
    input: z
      .object({
        id: z.uuid(),
        older: z
          .string()
          .regex(/^\d{1,9}$/)
          .nullable()
          .default(null),
        limit: z.number().int().min(1).max(200).default(100),
      })
      .strict(),
    output: historyPage,
  },
  /**
   * Looks for a text in every decoded value of a run, without regard to case. While `done` is false the host reads on, and
   * asked again there may be more; decoded values are in its memory only. `reveal`: values of secret names too.
   */
  'history.search': {
    input: z.object({ workflowId, text: z.string().trim().min(1).max(200), reveal: z.boolean().default(false) }).strict(),
    output: historySearch,
  },
  /** What Postgres holds of the run now, read there. `rows` is 0 before the experiment was logged and never more than 1. */
  'runs.experiment': {
    input: z.object({ workflowId }).strict(),
    output: z.object({
      rows: z.number().int(),
      experiment: z.object({ id: z.number().int(), modelId: z.string(), fileName: z.string(), loggedAt: timestamp }).nullable(),
    }),
  },
  /** What was found in the run's file; null before it was read, and for runs of the demo trainer's time without a profile. */
  'runs.profile': { input: z.object({ workflowId }).strict(), output: dataProfile.nullable() },
  /** How the run's model did; null before it was trained, and for the demo trainer, which measures nothing. */
  'runs.report': { input: z.object({ workflowId }).strict(), output: trainingReport.nullable() },
  /** Accepts a decision for delivery. Idempotent by `decisionId`: a double click is one decision. */
  'runs.decide': {
    input: z
      .object({
        workflowId,
        decisionId: z.uuid(),
        decision: decisionKind,
        reason,
        /** Who decides; default: the operator named in the settings. */
        operator: operatorName.optional(),
      })
      .strict(),
    /** `delivered`: Temporal has it. `pending`: it is kept here and delivered as soon as Temporal can be reached. */
    output: z.object({ state: z.enum(['delivered', 'pending']) }),
  },
  /** Starts a new run of the same dataset. Idempotent by `requestId`. */
  'runs.again': {
    input: z.object({ workflowId, reason, requestId: z.uuid() }).strict(),
    output: z.object({ workflowId: z.string() }),
  },
  /**
   * Ends a run at once, without asking it. A step under way hears of it late; nothing is put down in order. Idempotent by
   * `requestId`.
   */
  'runs.terminate': { input: z.object({ workflowId, reason, requestId: z.uuid() }).strict(), output: nothing },
  /**
   * What an operator may do with one step: try it now instead of waiting, pause and resume it, or have the run go on from
   * the moment before it began (also after the run has ended). Idempotent by `requestId`.
   */
  'runs.actOnStep': {
    input: z.object({ workflowId, step: stepName, action: stepAction, reason, requestId: z.uuid() }).strict(),
    output: nothing,
  },
  /** Asks a run to end: its step under way is stopped, no further one begins. Idempotent by `requestId`. */
  'runs.cancel': { input: z.object({ workflowId, reason, requestId: z.uuid() }).strict(), output: nothing },

  /** Newest first: what became of each file that was seen. */
  'intake.list': {
    input: z.object({ limit: z.number().int().min(1).max(5000).default(200) }).strict(),
    output: z.object({ entries: z.array(intakeEntry) }),
  },
  /**
   * Copies files by path into the inbox (a folder: every file below it) and answers what became of each once it has
   * settled. `origin` tells whether the window or the command line brought them.
   */
  'intake.submit': {
    input: z.object({ paths: z.array(z.string().min(1)).min(1).max(10_000), origin: z.enum(['window', 'cli']) }).strict(),
    output: z.object({ entries: z.array(intakeEntry) }),
  },

  /** Newest first. `problem` says why the list is not whole (Postgres away); null when it is. `total` counts what `text` matches. */
  'models.list': {
    input: z
      .object({
        limit: z.number().int().min(1).max(5000).default(1000),
        offset: z.number().int().min(0).default(0),
        text: z.string().max(200).optional(),
      })
      .strict(),
    output: z.object({ models: z.array(modelSummary), total: z.number().int(), problem: z.string().nullable() }),
  },
  'models.get': { input: z.object({ modelId }).strict(), output: modelDetail },

  /** Dev first. `problem` as in `models.list`: what is served is known without Postgres, who decided may be missing. */
  'deployments.list': {
    input: nothing,
    output: z.object({ environments: z.array(environmentState), problem: z.string().nullable() }),
  },
  /**
   * Serves an earlier model of this environment again: a decision with a name and a reason. Idempotent by `requestId`.
   * Refused, with nothing changed, when that model cannot be served. Ends once the endpoint has confirmed the switch, or
   * as `pending` where that has to wait.
   */
  'deployments.rollBack': {
    input: z
      .object({
        environment,
        modelId,
        reason,
        requestId: z.uuid(),
        /** Who decides; default: the operator named in the settings. */
        operator: operatorName.optional(),
      })
      .strict(),
    output: z.object({ state: z.enum(['done', 'pending']) }),
  },

  /** What the Inbox shows of runs that await a decision. Runs that do not (any more) are left out of the answer. */
  'approvals.list': {
    input: z.object({ workflowIds: z.array(workflowId).max(500) }).strict(),
    output: z.object({
      candidates: z.array(candidate),
      /** What production serves now; null when it serves nothing, or when `problem` says why that is not known. */
      production: productionModel.nullable(),
      problem: z.string().nullable(),
    }),
  },

  /** What operators changed, newest first. `before` is the id of the last entry of the page before. */
  'audit.list': {
    input: auditFilter.extend({
      limit: z.number().int().min(1).max(5000).default(200),
      before: z.number().int().optional(),
    }),
    output: z.object({
      entries: z.array(auditRecord),
      /** How many fit the filter, over all pages. */
      total: z.number().int(),
      /** Everybody who is on record, whatever the filter. */
      operators: z.array(z.string()),
    }),
  },

  'stack.health': { input: nothing, output: stackHealth },
  /** Tries again at once whatever part is down. */
  'stack.retry': { input: nothing, output: nothing },

  /** Every worker of the pipelines' task queue that was heard of lately. */
  'workers.list': { input: nothing, output: workersState },
  /** Told by a bare worker beside the host, in order; told twice it changes nothing. */
  'workers.tell': { input: z.object({ events: z.array(observed).max(mostObserved) }).strict(), output: nothing },
  /** Stops this host's own worker, with steps under way given back to Temporal, or starts it again. Idempotent by `requestId`. */
  'workers.switch': { input: z.object({ on: z.boolean(), reason, requestId: z.uuid() }).strict(), output: nothing },
  /**
   * Has the host start a worker in a process of its own beside it, or end that one: told off, answers once the process is gone.
   * It dies with the host. Idempotent by `requestId`.
   */
  'workers.switchProcess': { input: z.object({ on: z.boolean(), reason, requestId: z.uuid() }).strict(), output: nothing },

  /**
   * Makes a backup of the data folder while the host works on it; answers when it is on disk. `file` is a full path of a
   * new `.zip` or of a folder, in which the host names it; null is the default folder. Without a passphrase the keys are
   * left out. One at a time.
   */
  'backup.make': {
    input: z.object({ file: z.string().min(1).max(4096).nullable(), passphrase: newPassphrase.nullable() }).strict(),
    output: backupReport,
  },
  'backup.state': { input: nothing, output: backupState },
  /** Ends the backup that is being made; nothing of it is kept. Does nothing where none is made. */
  'backup.stop': { input: nothing, output: nothing },

  /** What an archive of diagnostics would hold now; writes nothing. */
  'diagnostics.list': { input: nothing, output: diagnosticsContents },
  /** Writes that archive. `file` as for a backup. */
  'diagnostics.make': { input: z.object({ file: z.string().min(1).max(4096).nullable() }).strict(), output: diagnosticsReport },
  /** A piece of an archive in the default folder, by the name of its file. */
  'diagnostics.read': {
    input: z.object({ name: z.string().regex(/^gatehouse-diagnostics-\w{1,40}\.zip$/), from: z.number().int().min(0) }).strict(),
    output: diagnosticsPiece,
  },

  'settings.get': { input: nothing, output: settings },
  /** `over`: what the caller's were made from. What it left alone keeps what holds now, which somebody else may have changed. */
  'settings.set': { input: z.object({ settings, over: settings.optional() }).strict(), output: settings },
  /** What stands behind the settings. What of their files could not be used is in `stack.health`. */
  'settings.about': {
    input: nothing,
    output: z.object({
      defaults: settings,
      /** What held before the last save; null when that is not known any more, and when it was taken back. */
      before: settings.nullable(),
    }),
  },

  /** Read from its file each time: somebody may have edited it. */
  'profiles.list': { input: nothing, output: profilesState },
  /** Asks a profile's servers whether they answer, for at most `profileCheckSeconds`; changes nothing there. */
  'profiles.check': { input: z.object({ name: profileName }).strict(), output: profileCheck },
  /**
   * Has the next start use a profile; idempotent, and taken back by choosing the other one. Refused, with nothing changed,
   * where the file cannot be used or written, or something else goes before it.
   */
  'profiles.use': {
    input: z.object({ name: profileName, reason: reason.optional() }).strict(),
    output: profilesState,
  },
  /** Where the metrics of this host can be scraped. */
  'metrics.get': { input: nothing, output: metricsState },
  /** Tells a notice of the kind `test` on every desktop and page that shows this host, also in quiet hours. */
  'notices.test': { input: nothing, output: nothing },

  'drills.list': { input: nothing, output: drillsState },
  /**
   * Switches a drill on as ordered (anew, when it is on already), or off by null. Answers once that holds, and says what holds
   * then. Idempotent by `requestId`: sent again, it switches nothing and answers how the drills are now.
   */
  'drills.set': {
    input: z.object({ name: drillName, to: drillOrder.nullable(), requestId: z.uuid() }).strict(),
    output: drillsState,
  },
  /** Asked by a bare worker beside the host before each attempt: counts are kept in one place. */
  'drills.meet': { input: stepAttempt.strict(), output: z.object({ fault: fault.nullable() }) },

  /** The guided demonstration. Each but `end` answers the state that holds then; what follows is told by `guide.changed`. */
  'guide.get': { input: nothing, output: guideState },
  'guide.begin': { input: nothing, output: guideState },
  /** Brings one step about, or looks for it once more. */
  'guide.act': { input: z.object({ phase: guidePhaseNumber, step: z.string().min(1).max(100) }).strict(), output: guideState },
  /** Has a phase, or all that are left, go on by itself. `fresh`: one that was begun is cleaned up first. */
  'guide.play': {
    input: z.object({ phase: z.union([z.literal('all'), guidePhaseNumber]), fresh: z.boolean().default(false) }).strict(),
    output: guideState,
  },
  'guide.stop': { input: nothing, output: guideState },
  /** Forgets what a phase saw: it begins anew, with other files. */
  'guide.again': { input: z.object({ phase: guidePhaseNumber }).strict(), output: guideState },
  /** Cleans up and ends the demonstration; what was put back, in words. When something stands in the way it can be asked again. */
  'guide.end': { input: nothing, output: z.object({ putBack: z.array(z.string()) }) },
  'guide.code': { input: z.object({ file: codeFile }).strict(), output: z.object({ text: z.string() }) },

  /** Each answers the state that holds then. A passphrase is used for the call and kept nowhere. */
  'keys.get': { input: nothing, output: keysState },
  /** Off: new payloads are written in clear until it is on again; what is sealed stays sealed and readable. */
  'keys.setEncrypting': { input: z.object({ on: z.boolean() }).strict(), output: keysState },
  /** Makes a new sealing key; the old ones stay for reading. `from` is the sealing key that the caller saw: asked twice, it rotates once. */
  'keys.rotate': { input: z.object({ from: keyId }).strict(), output: keysState },
  /** Refused (`conflict`, by what) while the key is needed. */
  'keys.retire': { input: z.object({ id: keyId }).strict(), output: keysState },
  /** The key as one block of text that only the passphrase opens, for a second operator. */
  'keys.export': {
    input: z.object({ id: keyId, passphrase: newPassphrase }).strict(),
    output: z.object({ id: z.string(), text: z.string() }),
  },
  /** Takes such a block in, for reading. A key that is here already is left as it is. */
  'keys.import': {
    input: z.object({ text: wrappedKey, passphrase }).strict(),
    output: z.object({ id: z.string(), alreadyHere: z.boolean(), state: keysState }),
  },
  /** Opens keys that a passphrase protects; `refused` when it is not the right one. */
  'keys.unlock': { input: z.object({ passphrase }).strict(), output: keysState },
  /** Protects keys that lie in a file; the passphrase is asked at each start from then on. */
  'keys.usePassphrase': { input: z.object({ passphrase: newPassphrase }).strict(), output: keysState },
  /**
   * Has new keys come from elsewhere; keys from before stay for reading. A token is used, kept where secrets are kept and
   * told to nobody. Refused, with nothing changed, when no key can be had there.
   */
  'keys.chooseProvider': {
    input: z.object({ settings: keySettings, vaultToken: vaultToken.optional() }).strict(),
    output: keysState,
  },
  /** Looks again whether keys can be had. */
  'keys.retry': { input: nothing, output: keysState },
  /** Every switch-on has a new secret path. */
  'keys.codecServer': { input: z.object({ on: z.boolean() }).strict(), output: keysState },

  /** Brings the running app's window to the front, and a run in it; a web shell answers with a fresh one-time link. */
  'host.focus': {
    input: z.object({ workflowId: workflowId.optional() }).strict(),
    output: z.object({ url: z.string().nullable() }),
  },
  'host.stop': { input: nothing, output: nothing },
  /** Ends the host as its user would, with the question about runs in a step, and starts it anew. Refused where it cannot. */
  'host.restart': { input: nothing, output: nothing },
} as const

export type Calls = typeof calls
export type CallName = keyof Calls
/** What a caller may leave out has its default filled in by validation. */
export type CallInput<N extends CallName> = z.input<Calls[N]['input']>
export type ValidInput<N extends CallName> = z.output<Calls[N]['input']>
export type CallOutput<N extends CallName> = z.output<Calls[N]['output']>

/** One function per call; what a backend gives and what `dispatch` runs. */
export type Handlers = { [N in CallName]: (input: ValidInput<N>) => Promise<CallOutput<N>> | CallOutput<N> }
