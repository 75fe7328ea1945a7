import { X } from 'lucide-react'
import type { ReactNode } from 'react'
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
  return (
    <ModalOverlay className="modal-scrim" isOpen={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Modal className={size === 'normal' ? 'modal' : `modal ${size}`}>
        <AriaDialog className="dialog" role={alert ? 'alertdialog' : 'dialog'}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <IconButton size="small" label="Close" onPress={onClose}>
              <X size={16} aria-hidden />
            </IconButton>
          </div>
          <div className="dialog-body scroll">{children}</div>
          <div className="dialog-foot">{foot}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}
