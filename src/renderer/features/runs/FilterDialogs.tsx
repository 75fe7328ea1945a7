import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { listFilter } from '../../../contract/runViews.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import type { ListFilter } from './listFilter.ts'
import './views.css'

/** A wait of one's own, as it is typed: `90`, `90 min`, `1.5 h`, `2 d`. In minutes, or why it is none. */
export function minutesOf(text: string): number | string {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(m|min|h|d)?\s*$/i.exec(text)
  if (!match) return 'Type a number with min, h or d, such as 90 min or 1.5 h.'
  const unit = { m: 1, min: 1, h: 60, d: 1440 }[(match[2] ?? 'min').toLowerCase()] as number
  const minutes = Math.round(Number(match[1]?.replace(',', '.')) * unit)
  if (minutes < 1) return 'A wait is at least one minute.'
  return listFilter.shape.waitingOver.safeParse(minutes).success ? minutes : 'A wait is at most a year.'
}

export function WaitDialog({ onClose }: { onClose: () => void }) {
  const { runs } = useConsole()
  const [text, setText] = useState('')
  const [asked, setAsked] = useState(false)
  const minutes = minutesOf(text)
  return (
    <Ask
      title="Awaits a decision for longer than"
      onClose={onClose}
      onSubmit={() => {
        setAsked(true)
        if (typeof minutes === 'string') return
        runs.getState().narrow({ waitingOver: minutes })
        onClose()
      }}
    >
      <Field
        label="Time"
        autoFocus
        value={text}
        onChange={setText}
        placeholder="90 min"
        hint="In minutes, or with h or d: 90 min, 1.5 h, 2 d."
        error={asked && typeof minutes === 'string' ? minutes : null}
      />
    </Ask>
  )
}

const zoneHere = () => Intl.DateTimeFormat().resolvedOptions().timeZone

/** Days are of this machine's zone, which is said: they begin and end at its midnights. */
export function DaysDialog({ onClose }: { onClose: () => void }) {
  const { runs } = useConsole()
  const filter = useIn('runs', (s) => s.filter)
  const [from, setFrom] = useState(filter.acceptedFrom ?? '')
  const [to, setTo] = useState(filter.acceptedTo ?? '')
  const [asked, setAsked] = useState(false)
  const next: ListFilter = { ...filter, accepted: null, acceptedFrom: from || null, acceptedTo: to || null }
  const problem =
    from === '' && to === ''
      ? 'Choose a first day, a last day, or both.'
      : (listFilter.safeParse(next).error?.issues[0]?.message ?? null)
  return (
    <Ask
      title="Accepted from day to day"
      onClose={onClose}
      onSubmit={() => {
        setAsked(true)
        if (problem !== null) return
        runs.getState().narrow(next)
        onClose()
      }}
    >
      <div className="days-form">
        <div className="days">
          <Field label="First day" type="date" autoFocus value={from} onChange={setFrom} />
          <Field label="Last day, included" type="date" value={to} onChange={setTo} error={asked ? problem : null} />
        </div>
        <p className="hint">Days begin at midnight in this machine’s time zone, {zoneHere()}. Either may be left open.</p>
      </div>
    </Ask>
  )
}

function Ask({
  title,
  onClose,
  onSubmit,
  children,
}: {
  title: string
  onClose: () => void
  onSubmit: () => void
  children: ReactNode
}) {
  const form = useId()
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form}>
            Filter
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="wait-form"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {children}
      </form>
    </Dialog>
  )
}

const dayWords = (day: string) => {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  return new Date(year, month - 1, date).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
}
/** `3 Nov 2025`, `3 Nov 2025 – 5 Nov 2025`, `since …`, `until …`. */
export function daysWords(from: string | null, to: string | null): string {
  if (from === null) return `until ${dayWords(to as string)}`
  if (to === null) return `since ${dayWords(from)}`
  return from === to ? dayWords(from) : `${dayWords(from)} – ${dayWords(to)}`
}
