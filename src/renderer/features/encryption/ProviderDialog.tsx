import { useState } from 'react'
import type { KeysState } from '../../../contract/keys.ts'
import { useConsole } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Choice } from '../../ui/Choice.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { Note } from '../../ui/Note.tsx'
import { checkProvider, type Place, type ProviderDraft, providerDraftOf } from './providerDraft.ts'

const placeWords: Record<Place, string> = {
  secrets: 'This machine: its keychain, or a file',
  vault: 'HashiCorp Vault (Transit)',
  'aws-kms': 'AWS KMS',
}

/** Where new keys come from. The place is tried before it is taken: a key is made there, or nothing changes. */
export function ProviderDialog({ state, onClose }: { state: KeysState; onClose: () => void }) {
  const { keys } = useConsole()
  const [draft, setDraft] = useState(() => providerDraftOf(state))
  const [errors, setErrors] = useState<Partial<Record<keyof ProviderDraft, string>>>({})
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const set = (change: Partial<ProviderDraft>) => setDraft((before) => ({ ...before, ...change }))
  const field = (name: keyof ProviderDraft) => ({
    value: draft[name],
    error: errors[name] ?? null,
    isDisabled: busy,
    onChange: (value: string) => {
      set({ [name]: value })
      setErrors(({ [name]: _, ...others }) => others)
    },
  })
  const take = async () => {
    const checked = checkProvider(draft, state.settings)
    setErrors(checked.ok ? {} : checked.errors)
    setRefusal(null)
    if (!checked.ok) return
    const { settings, vaultToken } = checked
    setBusy(true)
    const asked = await keys.getState().ask('keys.chooseProvider', { settings, vaultToken })
    setBusy(false)
    set({ token: '' })
    if (asked.ok) onClose()
    else setRefusal(asked.message)
  }
  return (
    <Dialog
      title="Where new keys come from"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Leave it as it is</Button>
          <Button look="primary" isDisabled={busy} onPress={() => void take()}>
            {busy ? 'Making a key there…' : 'Make new keys there'}
          </Button>
        </>
      }
    >
      <p>
        A key is made there now, and new payloads are sealed with it. Keys of before stay where they are, for reading. If none can
        be made there, nothing changes.
      </p>
      <Choice label="Place" value={draft.place} words={placeWords} onChange={(place) => set({ place })} />
      {draft.place === 'vault' ? (
        <>
          <Field label="Address" placeholder="https://vault.lab:8200" {...field('address')} />
          <div className="provider-pair">
            <Field label="Transit key" {...field('key')} />
            <Field label="Mounted at" {...field('mount')} />
          </div>
          <Field
            label="Token"
            type="password"
            autoComplete="off"
            hint="Kept where this machine keeps secrets, and not shown again. Empty: the one from before, or that of a token file."
            {...field('token')}
          />
          <Field label="Token file" hint="As Vault Agent keeps one; on the machine of the host." {...field('tokenFile')} />
          <div className="provider-pair">
            <Field label="Namespace" hint="Enterprise only." {...field('namespace')} />
            <Field label="Authority (PEM file)" hint="When its certificate is your own." {...field('caFile')} />
          </div>
        </>
      ) : null}
      {draft.place === 'aws-kms' ? (
        <>
          <Field label="Key" placeholder="alias/gatehouse" {...field('keyId')} />
          <div className="provider-pair">
            <Field label="Region" placeholder="eu-central-1" {...field('region')} />
            <Field label="Endpoint" hint="Empty: the region’s own." {...field('endpoint')} />
          </div>
          <p className="faint">Credentials come from where the AWS SDK looks for them: environment, profile, or role.</p>
        </>
      ) : null}
      {refusal ? (
        <Note tone="bad">
          <p>{refusal}</p>
        </Note>
      ) : null}
    </Dialog>
  )
}
