/** Whether clients are asked for a certificate, and whether they may do without. */
export type TlsClientAuth = 'none' | 'optional' | 'required'

/**
 * What an app that exports is served over TLS with. The supervisor has read the files: a worker may not be allowed to, and
 * one that is replaced later has the certificate of its generation, whatever is on the disk by then.
 */
export interface TlsRules {
  /** In PEM, like the other two. */
  readonly cert: string
  readonly key: string
  readonly ca: string | null
  readonly clientAuth: TlsClientAuth
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly http2: boolean
}
