import type { Config } from './config.ts'

/** Node's own, which holds where nobody has chosen another one. */
const DEFAULT_REQUEST_MS = 300_000

/** What can't mean anything among the options of HTTP; null if all of them can. */
export function httpContradiction(config: Config): string | null {
  return tlsContradiction(config) ?? timeoutContradiction(config)
}

function tlsContradiction({
  tlsCert,
  tlsKey,
  tlsCa,
  tlsClientAuth,
  tlsMinVersion,
  http2,
  mode,
}: Config): string | null {
  if (tlsCert !== null && tlsKey === null) return '--tls-cert needs --tls-key, the private key of the certificate.'
  if (tlsCert === null) {
    const others = {
      '--tls-key': tlsKey !== null,
      '--tls-ca': tlsCa !== null,
      '--tls-client-auth': tlsClientAuth !== 'none',
      '--tls-min-version': tlsMinVersion !== '1.2',
      '--http2': http2,
    }
    const lone = Object.entries(others).find(([, isSet]) => isSet)
    return lone === undefined ? null : `${lone[0]} has no meaning without --tls-cert.`
  }
  if (mode === 'listen') {
    return '--mode listen and --tls-cert contradict each other: an app that listens has TLS in its own hands.'
  }
  if (tlsClientAuth !== 'none' && tlsCa === null) {
    return `--tls-client-auth ${tlsClientAuth} needs --tls-ca: who has signed the certificates of the clients.`
  }
  if (tlsClientAuth === 'none' && tlsCa !== null) {
    return '--tls-ca has no meaning without --tls-client-auth: clients are not asked for certificates.'
  }
  return null
}

/** Node refuses it too, where a server is made with both. */
function timeoutContradiction({ timeoutHeadersMs, timeoutRequestMs }: Config): string | null {
  const requestMs = timeoutRequestMs ?? DEFAULT_REQUEST_MS
  if (timeoutHeadersMs === null || requestMs === 0 || timeoutHeadersMs <= requestMs) return null
  const standard = timeoutRequestMs === null ? ', which is the default' : ''
  return (
    `--timeout-headers ${timeoutHeadersMs / 1000} is longer than --timeout-request ${requestMs / 1000}${standard}: ` +
    'the head is a part of the request.'
  )
}
