import * as http2 from 'node:http2'
import * as https from 'node:https'
import * as net from 'node:net'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { ask } from '../harness/client.ts'
import { within } from '../harness/until.ts'

export const PROTOCOLS = ['http', 'https', 'h2c', 'http2', 'net'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** Where an app is asked: a port of 127.0.0.1, or a Unix socket. */
export type Place = { readonly port: number } | { readonly path: string }

/** What an app says over a protocol, on a connection of its own. */
export function askOver(protocol: Protocol, place: Place): Promise<string> {
  return within(`an answer over ${protocol}`, send(protocol, place))
}

function send(protocol: Protocol, place: Place): Promise<string> {
  switch (protocol) {
    case 'http':
      return overHttp(place)
    case 'https':
      return overHttps(place)
    case 'h2c':
    case 'http2':
      return overHttp2(protocol === 'h2c' ? 'http' : 'https', place)
    case 'net':
      return overNet(place)
  }
}

async function overHttp(place: Place): Promise<string> {
  const { result, body, error } = await ask('path' in place ? { socketPath: place.path } : place)
  if (result !== 'ok') throw new Error(`the request ended as ${result}: ${error ?? body}`)
  return body
}

async function overHttps(place: Place): Promise<string> {
  const where = 'path' in place ? { socketPath: place.path } : { host: '127.0.0.1', port: place.port }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    https.get({ ...where, agent: false, rejectUnauthorized: false }, resolve).on('error', reject)
  })
  return text(response)
}

async function overHttp2(scheme: 'http' | 'https', place: Place): Promise<string> {
  const session = http2.connect(
    'path' in place ? `${scheme}://localhost` : `${scheme}://127.0.0.1:${place.port}`,
    'path' in place ? { createConnection: () => net.connect(place.path) } : { rejectUnauthorized: false },
  )
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':path': '/' })
      text(stream).then(resolve, reject)
    })
  } finally {
    session.destroy()
  }
}

function overNet(place: Place): Promise<string> {
  return text('path' in place ? net.connect(place.path) : net.connect(place.port, '127.0.0.1'))
}
