import { Bell, CircleAlert, CircleCheck, Info, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { NoticeTarget } from '../../../contract/noticeGroups.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { type Toast, toastMs } from './noticesStore.ts'
import './notices.css'

const signs = { info: Info, attention: Bell, bad: CircleAlert, good: CircleCheck }
const tones = { info: 'idle', attention: 'human', bad: 'bad', good: 'good' }

const openWords: Record<NoticeTarget['place'], string> = {
  run: 'Open run',
  inbox: 'Open Inbox',
  runs: 'Show them',
  console: 'Open',
}

export function Toasts() {
  const toasts = useIn('notices', (s) => s.toasts)
  return (
    <section className="toasts" aria-label="Notices" aria-live="polite">
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </section>
  )
}

function ToastView({ toast }: { toast: Toast }) {
  const { notices } = useConsole()
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return
    // Under a dialog nobody can read it or act on it: it stays until it was seen without one.
    const timer = setInterval(() => {
      if (document.querySelector('.modal-scrim') === null) notices.getState().dismiss(toast.id)
    }, toastMs)
    return () => clearInterval(timer)
  }, [held, notices, toast.id])
  const { opens } = toast
  const Sign = signs[toast.tone]
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer or the focus on it holds it open, nothing else
    <div
      className="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Sign size={16} className={`tone-${tones[toast.tone]}`} aria-hidden />
      <div className="toast-words">
        <strong>{toast.title}</strong>
        {toast.body ? (
          <p className={opens ? 'muted toast-body' : 'muted'} title={opens ? toast.body : undefined}>
            {toast.body}
          </p>
        ) : null}
        {opens ? (
          <Button
            size="small"
            look="link"
            onPress={() => {
              notices.getState().dismiss(toast.id)
              notices.getState().open(opens)
            }}
          >
            {openWords[opens.place]}
          </Button>
        ) : null}
      </div>
      <IconButton size="small" label="Put away" onPress={() => notices.getState().dismiss(toast.id)}>
        <X size={14} aria-hidden />
      </IconButton>
    </div>
  )
}
