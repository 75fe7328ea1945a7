import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { earlierModels, type OpenRollBack } from './deploymentsStore.ts'

export function RollBackDialog() {
  const rollBack = useIn('deployments', (s) => s.rollBack)
  return rollBack ? <Open rollBack={rollBack} /> : null
}

const shortNames = { dev: 'dev', prod: 'production' } as const

function Open({ rollBack }: { rollBack: OpenRollBack }) {
  const { deployments } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const state = useIn('deployments', (s) => s.environments.find(({ environment }) => environment === rollBack.environment))
  const { environment, modelId, reason, phase, error } = rollBack
  const name = shortNames[environment]
  const close = () => deployments.getState().close()
  const over = phase === 'done' || phase === 'pending'
  const earlier = state ? earlierModels(state) : []
  const wanted = [...earlier, ...(state?.history ?? [])].find((record) => record.modelId === modelId)
  const served = state?.served ?? null
  const submit = () => {
    if (!off) void deployments.getState().submit()
  }
  return (
    <Dialog
      size="wide"
      title={over ? `Roll back of ${name}` : `Roll ${name} back to an earlier model?`}
      isOpen
      onClose={close}
      foot={
        over ? (
          <>
            <span className="grow" />
            <Button look="primary" onPress={close}>
              Done
            </Button>
          </>
        ) : (
          <>
            <span className="grow" />
            <Button onPress={close}>Keep what is served</Button>
            <Button look="danger" isDisabled={phase === 'sending' || modelId === null} offBecause={off} onPress={submit}>
              {phase === 'sending' ? 'Rolling back…' : `Roll ${name} back`}
            </Button>
          </>
        )
      }
    >
      {over ? (
        <Note tone={phase === 'done' ? 'good' : 'human'}>
          <p>
            {phase === 'done'
              ? `${environment === 'prod' ? 'Production' : 'Dev'} serves ${wanted?.fileName ?? modelId} again. The decision stands in its history with your name and reason.`
              : 'The decision is kept and is done as soon as it can be; the page shows how far it is. You can close this and even Gatehouse.'}
          </p>
        </Note>
      ) : (
        <>
          <fieldset className="earlier" disabled={phase === 'sending'}>
            <legend>Go back to</legend>
            <div className="scroll earlier-list">
              {earlier.map((record) => (
                <label key={record.modelId} className="earlier-model">
                  <input
                    type="radio"
                    name="earlier"
                    checked={record.modelId === modelId}
                    onChange={() => deployments.getState().edit({ modelId: record.modelId })}
                  />
                  <bdi className="ellipsis" title={plainText(record.fileName ?? record.modelId)}>
                    {plainText(record.fileName ?? record.modelId)}
                  </bdi>
                  <span className="mono faint ellipsis">{record.modelId}</span>
                  <span className="faint nowrap">
                    served <Moment at={record.at} />
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
          <div>
            <p>What will happen:</p>
            <ol className="happens">
              <li>
                The file of <bdi className="mono">{plainText(modelId ?? 'the model')}</bdi> is checked against its hash, loaded,
                and asked for a prediction. Where one of these fails, {name} is left as it is.
              </li>
              <li>
                {name === 'dev' ? 'Dev' : 'Production'} switches to it at once, at the same address; requests that are under way
                are answered by the model that took them, and none fails.
              </li>
              <li>
                {served ? (
                  <>
                    <bdi className="mono">{plainText(served.modelId)}</bdi> is served no more. It stays in the registry, and you
                    can go back to it the same way.
                  </>
                ) : (
                  'Your name and reason are written into the history.'
                )}
              </li>
            </ol>
          </div>
          {error && error.kind !== 'invalid' ? (
            <Note tone="bad">
              <p>
                {error.message}
                {error.kind === 'unavailable'
                  ? ' Your reason is kept in this dialog; sending it again still rolls back once.'
                  : ''}
              </p>
            </Note>
          ) : null}
          <Field
            label="Reason"
            hint="Kept with the decision for whoever asks later."
            multiline
            autoFocus
            isRequired
            isReadOnly={phase === 'sending'}
            onSend={submit}
            value={reason}
            onChange={(text) => deployments.getState().edit({ reason: text })}
            error={error?.kind === 'invalid' ? error.message : null}
          />
        </>
      )}
    </Dialog>
  )
}
