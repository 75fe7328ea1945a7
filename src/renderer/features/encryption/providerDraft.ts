import { awsKmsSettings, type KeySettings, type KeysState, vaultSettings } from '../../../contract/keys.ts'

export type Place = 'secrets' | 'vault' | 'aws-kms'

/** The form, field by field as it is typed; a token is in it only until the form is sent or closed. */
export interface ProviderDraft {
  place: Place
  address: string
  key: string
  mount: string
  namespace: string
  tokenFile: string
  caFile: string
  token: string
  keyId: string
  region: string
  endpoint: string
}

/** Begins with what holds now, so that a place that was used before need not be typed again. */
export function providerDraftOf({ provider, settings }: Pick<KeysState, 'provider' | 'settings'>): ProviderDraft {
  const { vault, awsKms } = settings ?? {}
  return {
    place: provider === 'vault' || provider === 'aws-kms' ? provider : 'secrets',
    address: vault?.address ?? '',
    key: vault?.key ?? 'gatehouse',
    mount: vault?.mount ?? 'transit',
    namespace: vault?.namespace ?? '',
    tokenFile: vault?.tokenFile ?? '',
    caFile: vault?.caFile ?? '',
    token: '',
    keyId: awsKms?.keyId ?? '',
    region: awsKms?.region ?? '',
    endpoint: awsKms?.endpoint ?? '',
  }
}

export type CheckedProvider =
  | { ok: true; settings: KeySettings; vaultToken?: string }
  | { ok: false; errors: Partial<Record<keyof ProviderDraft, string>> }

const wrongWords: Partial<Record<keyof ProviderDraft, string>> = {
  address: 'An address such as https://vault.lab:8200. It must be https, except on this machine.',
  key: 'The name of a Transit key: letters, digits, dots, dashes.',
  mount: 'A path such as transit.',
  keyId: 'The id, ARN or alias of a key, such as alias/gatehouse.',
  region: 'A region such as eu-central-1.',
  endpoint: 'An address such as https://kms.lab, or nothing.',
}

/** Settings of the other places stay in: what they wrapped is still read. */
export function checkProvider(draft: ProviderDraft, before: KeySettings | null): CheckedProvider {
  const filled = Object.fromEntries(
    Object.entries(draft).flatMap(([name, value]) => (value.trim() === '' ? [] : [[name, value.trim()]])),
  ) as Partial<Record<keyof ProviderDraft, string>>
  const settings = { ...before, provider: draft.place }
  if (draft.place === 'secrets') return { ok: true, settings }
  const { address, key, mount, namespace, tokenFile, caFile, keyId, region, endpoint } = filled
  if (draft.place === 'vault') {
    const vault = vaultSettings.safeParse({ address, key, mount, namespace, tokenFile, caFile })
    if (!vault.success) return wrong(vault.error.issues)
    return { ok: true, settings: { ...settings, vault: vault.data }, ...(filled.token && { vaultToken: filled.token }) }
  }
  const awsKms = awsKmsSettings.safeParse({ keyId, region, endpoint })
  return awsKms.success ? { ok: true, settings: { ...settings, awsKms: awsKms.data } } : wrong(awsKms.error.issues)
}

function wrong(issues: readonly { path: PropertyKey[]; message: string }[]): CheckedProvider {
  const fields = issues.map(({ path, message }) => {
    const field = path[0] as keyof ProviderDraft
    return [field, wrongWords[field] ?? message]
  })
  return { ok: false, errors: Object.fromEntries(fields) }
}
