import { FileUp, Upload } from 'lucide-react'
import { useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { chooseFilesId } from '../drop/ids.ts'

/** Teaches the first drop: three ways to the same thing, and what happens then. */
export function EmptyRuns({ home }: { home: string | null }) {
  const inbox = useIn('settings', (s) => s.settings?.inboxFolders[0]) ?? (home ? `${home}/data/raw` : null)
  return (
    <div className="empty scroll">
      <div className="empty-box">
        <FileUp size={28} strokeWidth={1.5} className="tone-run" aria-hidden />
        <h2>Drop a CSV anywhere in this window</h2>
        <p className="muted">
          Each file becomes one run: it is checked, a model is trained and judged, a good one goes to dev, and you decide about
          production. Nothing that was accepted is lost, also when this machine is switched off.
        </p>
        <div>
          <Button look="primary" onPress={() => document.getElementById(chooseFilesId)?.click()}>
            <Upload size={14} aria-hidden />
            Choose files…
          </Button>
        </div>
        <dl className="empty-ways">
          <div>
            <dt>Or put files into the inbox folder</dt>
            <dd>
              <code className="ellipsis">{inbox ?? '…'}</code>
              {inbox ? <CopyButton text={inbox} what="the inbox path" /> : null}
            </dd>
          </div>
          <div>
            <dt>Or from a terminal</dt>
            <dd>
              <code className="ellipsis">npx gatehouse submit file.csv</code>
              <CopyButton text="npx gatehouse submit file.csv" what="the command" />
            </dd>
          </div>
        </dl>
        <p className="faint">
          The demo trainer goes by the file’s name: <code>good_model.csv</code> passes the gate, <code>bad_model.csv</code> fails
          it, any other name lies between.
        </p>
      </div>
    </div>
  )
}
