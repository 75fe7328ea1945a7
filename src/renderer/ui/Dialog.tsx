import { X } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { IconButton } from './Button.tsx'

export interface DialogProps {
  title: ReactNode
  isOpen: boolean
  onClose: () => void
  children: ReactNode
  foot: ReactNode
  /** `full`: as much of the window as there is. */
  size?: 'normal' | 'wide' | 'full'
  /** A dialog that asks for something irreversible. */
  alert?: boolean
}

/** A modal dialog: keeps the focus, gives it back, closes on Escape and on its cross. */
export function Dialog({ title, isOpen, onClose, children, foot, size = 'normal', alert = false }: DialogProps) {
  const box = useRef<HTMLElement>(null)
  useFocusKeptIn(box)
  useSentOnce(box)
  return (
    <ModalOverlay className="modal-scrim" isOpen={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Modal className={size === 'normal' ? 'modal' : `modal ${size}`}>
        <AriaDialog ref={box} className="dialog" role={alert ? 'alertdialog' : 'dialog'}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <IconButton size="small" label="Close" onPress={onClose}>
              <X size={16} aria-hidden />
            </IconButton>
          </div>
          <Body>{children}</Body>
          <div className="dialog-foot">{foot}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/** The browser takes the focus from a button that is off a frame after it was drawn so. */
const focusLostWithinMs = 50

/** A button that was pressed, and is off or gone since, leaves the focus nowhere: then no key, not even Escape, would come here. */
function useFocusKeptIn(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      if (document.activeElement === document.body) box.current?.focus()
    }, focusLostWithinMs)
    return () => clearTimeout(timer)
  })
}

/**
 * Ctrl and Enter send what is written. The second of a double press comes when the answer's own button has the focus, and
 * must not close it unread.
 */
function useSentOnce(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { current } = box
    const listen = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      if (!(event.target instanceof Element) || event.target.closest('button') === null) return
      event.preventDefault()
      event.stopPropagation()
    }
    current?.addEventListener('keydown', listen, { capture: true })
    return () => current?.removeEventListener('keydown', listen, { capture: true })
  }, [box])
}

/** A stop of the Tab key only while it scrolls: there may be nothing in it that takes the focus and could be scrolled to. */
function Body({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const [scrolls, setScrolls] = useState(false)
  // After each drawing anew: what is in it may be other elements by now.
  useLayoutEffect(() => {
    const { current } = box
    if (current === null) return
    const observer = new ResizeObserver(() => setScrolls(current.scrollHeight > current.clientHeight))
    for (const each of [current, ...current.children]) observer.observe(each)
    return () => observer.disconnect()
  })
  return (
    <div ref={box} className="dialog-body scroll" tabIndex={scrolls ? 0 : undefined}>
      {children}
    </div>
  )
}
