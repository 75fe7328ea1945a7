import { FileUp, Upload } from 'lucide-react'
import { useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { ProgressBar } from '../../ui/ProgressBar.tsx'
import { chooseFilesId } from '../drop/ids.ts'
import { type PartName, partLabels } from '../stack/stackStore.ts'

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
        <GettingReady />
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
          Any table is trained on for real; its last column is learned. Names of the demonstration are not:{' '}
          <code>good_model.csv</code> passes the gate by its name, <code>bad_model.csv</code> fails it.
        </p>
      </div>
    </div>
  )
}

/** What a run needs before it can begin, in the order in which it comes up. */
const needed: readonly PartName[] = ['temporal', 'postgres', 'worker']

/** The first start takes a while: what it is about, how far it is, and that nobody has to wait for it. */
function GettingReady() {
  const health = useIn('stack', (s) => s.health)
  const coming = health ? needed.filter((name) => health[name].state !== 'up') : []
  if (!health || coming.length === 0) return null
  return (
    <section className="getting-ready" aria-label="What is still starting">
      <p>
        <strong>Still starting.</strong> Files can be dropped already: they are kept, and their runs begin by themselves.
      </p>
      <ul>
        {coming.map((name) => {
          const { state, detail, remedy, progress } = health[name]
          const share = progress === null ? null : Math.round(progress * 100)
          return (
            <li key={name}>
              <span className={state === 'down' ? 'tone-bad' : 'tone-run'}>{partLabels[name]}</span>
              <span className="muted">
                {detail || (state === 'down' ? 'is down' : 'is starting')}
                {share === null ? '' : ` ${share} %`}
                {remedy ? ` ${remedy}` : ''}
              </span>
              {share === null ? null : <ProgressBar label={partLabels[name]} share={progress} />}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
