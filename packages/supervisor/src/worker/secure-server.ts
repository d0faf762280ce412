import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer, type Server as HttpsServer } from 'node:https'
import { TLSSocket, type Server as TlsServer, type TlsOptions } from 'node:tls'
import { endLate } from '../http/limits.ts'
import type { Limits } from '../protocol/http-rules.ts'
import type { TlsRules } from '../protocol/tls-rules.ts'

/** A handshake may take as long as a head, but no longer than Node has it. */
const LONGEST_HANDSHAKE_MS = 120_000
/** Node's own for HTTP/1.1. */
const DEFAULT_REQUEST_MS = 300_000
/** What Node's HTTP/2 takes by default. */
const DEFAULT_HEADER_BYTES = 65_535
const DEFAULT_HEADER_PAIRS = 128

/** What it has of HTTP/1.1's timeouts: those of an app's own server, where it stands in front of one. */
interface Timeouts {
  readonly keepAliveTimeout?: number
  readonly requestTimeout?: number
}

/** A server that speaks TLS as it was asked for, HTTP/1.1 and perhaps HTTP/2. */
export function secureServer(
  handler: RequestListener,
  rules: TlsRules,
  limits: Limits,
): HttpsServer | Http2SecureServer {
  const options = tlsOptions(rules, limits)
  const server = rules.http2 ? http2Server(handler, options, limits) : createServer(options, handler)
  if (rules.clientAuth === 'optional') refuseUnverified(server)
  return server
}

function tlsOptions({ cert, key, ca, clientAuth, minVersion }: TlsRules, { server }: Limits): TlsOptions {
  const { headersTimeout = 0 } = server
  return {
    cert,
    key,
    minVersion,
    ...(ca !== null && { ca }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
    handshakeTimeout: headersTimeout === 0 ? LONGEST_HANDSHAKE_MS : Math.min(headersTimeout, LONGEST_HANDSHAKE_MS),
    // Sessions resume in a new generation too, even from another folder, but not where clients are judged differently.
    sessionIdContext: createHash('sha256').update(`${clientAuth} ${ca}`).digest('hex').slice(0, 32),
  }
}

function http2Server(handler: RequestListener, options: TlsOptions, { server, headers }: Limits): Http2SecureServer {
  const { maxHeaderSize = 0 } = server
  const http2Options: SecureServerOptions = {
    ...options,
    allowHTTP1: true,
    // What is beyond these, Node refuses without an answer: what is beyond our own limits shall get one.
    ...(maxHeaderSize > DEFAULT_HEADER_BYTES && { settings: { maxHeaderListSize: maxHeaderSize * 2 } }),
    ...(headers !== null && { maxHeaderListPairs: Math.max(DEFAULT_HEADER_PAIRS, headers * 2) }),
  }
  const made = createSecureServer(http2Options, handler as unknown as Parameters<typeof createSecureServer>[1])
  made.on('session', (session: ServerHttp2Session) => {
    endIdle(session, made as Timeouts)
    // What somebody has chosen counts on every server, and is seen to where requests arrive.
    if (server.requestTimeout === undefined) endUnfinished(session, made as Timeouts)
  })
  // Of what Node's HTTP/1.1 asks its server for, this one lacks some on Node 22.
  return Object.assign(made, { keepAliveTimeoutBuffer: 1000 })
}

/** HTTP/2 has no timeout of its own for connections that are idle. */
function endIdle(session: ServerHttp2Session, { keepAliveTimeout = 0 }: Timeouts): void {
  let open = 0
  session.on('stream', (stream) => {
    if (open++ === 0) session.setTimeout(0)
    stream.once('close', () => {
      if (--open === 0 && !session.destroyed) session.setTimeout(keepAliveTimeout)
    })
  })
  session.setTimeout(keepAliveTimeout, () => session.close())
}

/** Nor has it one for requests that do not come whole, which would count as in flight for good. */
function endUnfinished(session: ServerHttp2Session, { requestTimeout = DEFAULT_REQUEST_MS }: Timeouts): void {
  if (requestTimeout > 0) session.on('stream', (stream) => endLate(stream, requestTimeout))
}

/**
 * A client need not have a certificate, but one that it shows has to be good: apps look at whose it is, and not always
 * at whether that was verified.
 */
function refuseUnverified(server: TlsServer): void {
  const [serve] = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (isUnverified(socket)) socket.destroy()
    else if (serve !== undefined) Reflect.apply(serve, server, [socket])
  })
}

/** The supervisor's own probe has no such socket. */
function isUnverified(socket: TLSSocket): boolean {
  if (!(socket instanceof TLSSocket) || socket.authorized) return false
  return Object.keys(socket.getPeerCertificate()).length > 0
}
