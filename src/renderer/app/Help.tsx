import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { keyTable } from './keys.ts'

export function Help({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog
      size="wide"
      title="Keys"
      isOpen={isOpen}
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Close</Button>
        </>
      }
    >
      <dl className="keys">
        {keyTable.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Ctrl</kbd>
            <kbd>Enter</kbd>
          </dt>
          <dd>In a reason: send what it is for (⌘ on a Mac)</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl</kbd>
            <kbd>S</kbd>
          </dt>
          <dd>In the settings: save them (⌘ on a Mac)</dd>
        </div>
        <div>
          <dt>
            <kbd>+</kbd>
            <kbd>-</kbd>
            <kbd>←</kbd>
            <kbd>→</kbd>
          </dt>
          <dd>With a step of a timeline in focus: closer, further away, earlier, later</dd>
        </div>
        <div>
          <dt>
            <kbd>0</kbd>
            <kbd>1</kbd>
            <kbd>2</kbd>
          </dt>
          <dd>There: the whole run, this step alone, follow now</dd>
        </div>
      </dl>
    </Dialog>
  )
}
