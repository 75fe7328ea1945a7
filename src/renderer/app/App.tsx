import {
  Boxes,
  Cpu,
  FileText,
  FileWarning,
  FlaskConical,
  Inbox,
  ListChecks,
  LockKeyhole,
  LockKeyholeOpen,
  type LucideIcon,
  Presentation,
  Rocket,
  ScrollText,
  Settings,
  Unplug,
  X,
} from 'lucide-react'
import { Suspense, useEffect, useMemo, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { assertNever } from '../../contract/model.ts'
import { spanWords } from '../../contract/sentence.ts'
import { BatchDialog } from '../features/batch/BatchDialog.tsx'
import { DecideDialog } from '../features/decide/DecideDialog.tsx'
import { DrillsView } from '../features/drills/DrillsView.tsx'
import { isAnyDrillOn } from '../features/drills/drillsStore.ts'
import { DropZone } from '../features/drop/DropZone.tsx'
import { isInClear } from '../features/encryption/keysStore.ts'
import { FilesView } from '../features/files/FilesView.tsx'
import { InboxView } from '../features/inbox/InboxView.tsx'
import { Toasts } from '../features/notices/Toasts.tsx'
import { RunPanel } from '../features/run/RunPanel.tsx'
import { RunsView } from '../features/runs/RunsView.tsx'
import { awaitingRuns } from '../features/runs/runsStore.ts'
import { SettingsView } from '../features/settings/SettingsView.tsx'
import { isDirty } from '../features/settings/settingsStore.ts'
import { DiskBar } from '../features/stack/DiskBar.tsx'
import { StackLine } from '../features/stack/StackLine.tsx'
import { untold } from '../features/stack/stackStore.ts'
import { Banner } from '../ui/Banner.tsx'
import { IconButton } from '../ui/Button.tsx'
import { ClockContext, createClock, useNow } from '../ui/clock.ts'
import { later, readAhead } from '../ui/later.tsx'
import { TimesContext } from '../ui/times.tsx'
import { applyAppearance } from './appearance.ts'
import { type Console, ConsoleContext, useConsole, useIn } from './console.ts'
import { Help } from './Help.tsx'
import type { Place } from './route.ts'
import { TimesDialog } from './TimesDialog.tsx'
import { useKeys } from './useKeys.ts'
import './app.css'

// The first picture needs none of them. They are read right after it, so that the keys typed at one find it there.
const ModelsView = later(() => import('../features/models/ModelsView.tsx'))
const EncryptionView = later(() => import('../features/encryption/EncryptionView.tsx'))
const WorkersView = later(() => import('../features/workers/WorkersView.tsx'))
const AuditView = later(() => import('../features/audit/AuditView.tsx'))
const GuidePanel = later(() => import('../features/guide/GuidePanel.tsx'))
const HistoryFileDialog = later(() => import('../features/history/HistoryFileDialog.tsx'))
const DeploymentsView = later(() => import('../features/deployments/DeploymentsView.tsx'))

/** How long after the first picture they are read, in milliseconds: what it shows comes first. */
const laterMs = 500
function useLaterParts() {
  useEffect(() => {
    const timer = setTimeout(readAhead, laterMs)
    return () => clearTimeout(timer)
  }, [])
}

export function App({ console }: { console: Console }) {
  const clock = useMemo(() => createClock(document), [])
  return (
    <ConsoleContext value={console}>
      <ClockContext value={clock}>
        <TimesContext value={console.times}>
          <Frame />
        </TimesContext>
      </ClockContext>
    </ConsoleContext>
  )
}

const placeWords: Record<Place, { name: string; icon: LucideIcon }> = {
  inbox: { name: 'Inbox', icon: Inbox },
  runs: { name: 'Runs', icon: ListChecks },
  models: { name: 'Models', icon: Boxes },
  deployments: { name: 'Deployments', icon: Rocket },
  files: { name: 'Files', icon: FileText },
  workers: { name: 'Workers', icon: Cpu },
  drills: { name: 'Drills', icon: FlaskConical },
  encryption: { name: 'Encryption', icon: LockKeyhole },
  audit: { name: 'Audit', icon: ScrollText },
  settings: { name: 'Settings', icon: Settings },
}

function Frame() {
  const [help, setHelp] = useState(false)
  const [times, setTimes] = useState(false)
  useKeys(() => setHelp(true))
  useLaterParts()
  useTitle()
  useAppearance()
  const place = useIn('route', (s) => s.place)
  const open = useIn('route', (s) => s.run !== null)
  const full = useIn('route', (s) => s.full)
  const guided = useIn('guide', (s) => s.isOpen)
  const historyFile = useIn('historyFile', (s) => s.file !== null || s.opening !== null || s.problem !== null)
  return (
    <div className={`frame at-${place}${open ? ' with-panel' : ''}${full ? ' full' : ''}${guided ? ' with-guide' : ''}`}>
      <Nav />
      <div className="banners">
        <LostBar />
        <DiskBar />
        <UnusableFiles />
      </div>
      {full ? null : (
        <main className="middle" aria-label={placeWords[place].name}>
          <Suspense fallback={<div aria-busy="true" />}>
            <View place={place} />
          </Suspense>
        </main>
      )}
      {open ? <RunPanel /> : null}
      {guided ? (
        <Suspense fallback={<aside className="guide" aria-busy="true" />}>
          <GuidePanel />
        </Suspense>
      ) : null}
      <StackLine onHelp={() => setHelp(true)} onTimes={() => setTimes(true)} />
      <DropZone />
      <DecideDialog />
      <BatchDialog />
      {historyFile ? (
        <Suspense>
          <HistoryFileDialog />
        </Suspense>
      ) : null}
      <Toasts />
      <TimesDialog isOpen={times} onClose={() => setTimes(false)} />
      <Help isOpen={help} onClose={() => setHelp(false)} />
    </div>
  )
}

function View({ place }: { place: Place }) {
  switch (place) {
    case 'inbox':
      return <InboxView />
    case 'runs':
      return <RunsView />
    case 'models':
      return <ModelsView />
    case 'deployments':
      return <DeploymentsView />
    case 'files':
      return <FilesView />
    case 'workers':
      return <WorkersView />
    case 'drills':
      return <DrillsView />
    case 'encryption':
      return <EncryptionView />
    case 'audit':
      return <AuditView />
    case 'settings':
      return <SettingsView />
    default:
      return assertNever(place)
  }
}

function Nav() {
  const { route } = useConsole()
  const place = useIn('route', (s) => s.place)
  const waiting = useIn('runs', useShallow(awaitingRuns)).length
  const drillIsOn = useIn('drills', isAnyDrillOn)
  const inClear = useIn('keys', isInClear)
  const unsaved = useIn('settings', isDirty)
  return (
    <nav className="nav" aria-label="Places">
      <h1 className="nav-name">
        <svg width={18} height={18} viewBox="0 0 32 32" aria-hidden>
          <path d="M5 28V14a11 11 0 0 1 22 0v14" fill="none" stroke="currentColor" strokeWidth={3.5} strokeLinecap="round" />
          <path d="M12.5 28V17m7 11V17" stroke="currentColor" strokeWidth={3} strokeLinecap="round" />
        </svg>
        Gatehouse
      </h1>
      {inClear ? (
        <p className="nav-in-clear">
          <LockKeyholeOpen size={12} aria-hidden />
          Not encrypted
        </p>
      ) : null}
      {(Object.keys(placeWords) as Place[]).map((name) => {
        const { name: words, icon: Icon } = placeWords[name]
        return [
          <a
            key={name}
            href={`#/${name}`}
            className="nav-item"
            aria-current={place === name ? 'page' : undefined}
            onClick={(event) => {
              event.preventDefault()
              route.getState().go({ place: name, run: null, full: false })
            }}
          >
            <Icon size={15} aria-hidden />
            <span>{words}</span>
            {name === 'inbox' && waiting > 0 ? (
              <span className="nav-count">
                {waiting}
                <span className="sr-only"> wait for a decision</span>
              </span>
            ) : null}
            {name === 'settings' && unsaved ? (
              <span className="nav-count">
                <span aria-hidden>•</span>
                <span className="sr-only"> holds changes that are not saved</span>
              </span>
            ) : null}
            {name === 'drills' && drillIsOn ? (
              <span className="nav-count">
                !<span className="sr-only"> a drill is on</span>
              </span>
            ) : null}
          </a>,
          name === 'drills' ? <GuideItem key="guide" /> : null,
        ]
      })}
    </nav>
  )
}

/** The guided demonstration is no place: it stays beside whichever one is looked at. */
function GuideItem() {
  const { guide } = useConsole()
  const isOpen = useIn('guide', (s) => s.isOpen)
  return (
    <button
      type="button"
      className="nav-item"
      aria-pressed={isOpen}
      title="The guided demonstration (g, p)"
      onClick={() => guide.getState().toggle()}
    >
      <Presentation size={15} aria-hidden />
      <span>Demo</span>
    </button>
  )
}

/** Says that the host is away, for as long as it is; what was known stays readable. */
function LostBar() {
  const connection = useIn('stack', (s) => s.connection)
  const since = useIn('stack', (s) => s.lostSince)
  const now = useNow(connection === 'lost')
  if (connection !== 'lost') return null
  return (
    <Banner tone="bad" sign={Unplug}>
      <span>
        Gatehouse cannot be reached{since === null || now - since < 2000 ? '' : ` for ${spanWords(now - since)}`}. What you see is
        its last known state; actions are off until it is back. Trying again by itself.
      </span>
    </Banner>
  )
}

/** Says of each file that could not be used what was kept and what holds instead, until the operator has read it. */
function UnusableFiles() {
  const { stack } = useConsole()
  return useIn('stack', useShallow(untold)).map(({ file, problem }) => (
    <Banner key={file} tone="human" sign={FileWarning}>
      <span>{problem}</span>
      <IconButton label="Hide this" size="small" onPress={() => stack.getState().hide(problem)}>
        <X size={13} aria-hidden />
      </IconButton>
    </Banner>
  ))
}

function useTitle() {
  const waiting = useIn('runs', useShallow(awaitingRuns)).length
  const inClear = useIn('keys', isInClear)
  useEffect(() => {
    const name = waiting > 0 ? `(${waiting}) Gatehouse` : 'Gatehouse'
    // A red mark in a list of windows too: a title has no colour of its own.
    document.title = inClear ? `🔴 Not encrypted · ${name}` : name
  }, [waiting, inClear])
}

/** The draft counts too: whoever chooses an appearance sees it at once. */
function useAppearance() {
  const appearance = useIn('settings', (s) => s.draft?.appearance ?? null)
  useEffect(() => {
    if (appearance === null) return
    return applyAppearance(appearance, window)
  }, [appearance])
}
