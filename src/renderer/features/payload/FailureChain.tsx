import type { HistoryFailure } from '../../../contract/history.ts'

/** A failure as Temporal keeps it, with its causes, the outermost first. */
export function FailureChain({ failures }: { failures: HistoryFailure[] }) {
  return failures.map(({ path, message, type, stack }) => (
    <section key={path} aria-label={path} className="failure-chain">
      <p className="wrap">
        <code>{path}</code> {type ? <span className="tag bad">{type}</span> : null}{' '}
        {message ?? 'Its text is sealed and was not decoded; below it says why.'}
      </p>
      {stack ? <pre className="history-stack scroll">{stack}</pre> : null}
    </section>
  ))
}
