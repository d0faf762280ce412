import { oneOf, text, toggle } from './kinds.ts'
import { TLS_CLIENT_AUTHS, TLS_VERSIONS } from './config.ts'
import type { OptionTable } from './option.ts'

/** The options by which an app that exports is served over TLS. */
export const TLS_OPTIONS: OptionTable<'tlsCert' | 'tlsKey' | 'tlsCa' | 'tlsClientAuth' | 'tlsMinVersion' | 'http2'> = {
  tlsCert: {
    flag: 'tls-cert',
    describe: 'Serve an app that exports over TLS: the certificate, and those that it is signed by, in PEM',
    default: null,
    group: 'HTTP',
    kind: text('file'),
  },
  tlsKey: {
    flag: 'tls-key',
    describe: 'The private key of the certificate, in PEM and without a passphrase',
    default: null,
    group: 'HTTP',
    kind: text('file'),
  },
  tlsCa: {
    flag: 'tls-ca',
    describe: 'The certificates, in PEM, by one of which those of the clients have to be signed',
    default: null,
    group: 'HTTP',
    kind: text('file'),
  },
  tlsClientAuth: {
    flag: 'tls-client-auth',
    describe: 'Whether clients are asked for a certificate: none, optional (a bad one is refused), or required',
    default: 'none',
    group: 'HTTP',
    kind: oneOf(TLS_CLIENT_AUTHS),
  },
  tlsMinVersion: {
    flag: 'tls-min-version',
    describe: 'The oldest version of TLS that clients may speak',
    default: '1.2',
    group: 'HTTP',
    kind: oneOf(TLS_VERSIONS),
  },
  http2: {
    flag: 'http2',
    describe: 'Offer HTTP/2 to clients that come over TLS, beside HTTP/1.1',
    default: 'false',
    group: 'HTTP',
    kind: toggle(),
  },
}
