/** Where a Temporal server is and how to be let in; for worker and client alike. */
export interface TemporalAddress {
  /** `host:port`. */
  address: string
  namespace: string
  /** true for TLS with the system's roots; an object for a private root or a client certificate (mTLS). */
  tls?:
    | boolean
    | {
        serverNameOverride?: string
        serverRootCACertificate?: Uint8Array
        clientCertPair?: { crt: Uint8Array; key: Uint8Array }
      }
  apiKey?: string
}
