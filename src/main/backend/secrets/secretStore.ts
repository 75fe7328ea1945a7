import type { Part, UnusableFile } from '../../../contract/model.ts'

/** Where passwords, keys and tokens are kept, by name. Values never reach a log, an argument list or the renderer. */
export interface SecretStore {
  /** null when no secret of that name was ever set. @throws SecretsUnavailable when it cannot be told now. */
  get(name: string): Promise<string | null>
  /** Like `get`, but asks where the secrets are each time, and keeps no copy in memory. */
  read(name: string): Promise<string | null>
  /** The values that this process keeps in memory, to be covered wherever they would leave it. */
  known(): string[]
  /** @throws SecretsUnavailable when it could not be kept; nothing was changed then. */
  set(name: string, value: string): Promise<void>
  /** @throws SecretsUnavailable when it could not be removed; it is still there then. */
  remove(name: string): Promise<void>
  /** For the status bar; `detail` is not empty when the operator should know something (secrets in a file, keychain locked). */
  describe(): Part
  /** Files of its own that were damaged and could be mended. */
  unusable(): UnusableFile[]
  onChange(listener: () => void): () => void
}

/** The store that this data folder uses cannot be read or written now. Making new secrets instead would lose the old ones. */
export class SecretsUnavailable extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'SecretsUnavailable'
    this.remedy = remedy
  }
}
