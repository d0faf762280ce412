import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly keyObject: KeyObject
  readonly name: string
}

export interface CertificateOptions {
  /** Who signs it; without one it signs itself, and may sign others. */
  readonly issuer?: Certificate
  /** In days from now. */
  readonly from?: number
  readonly to?: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Makes a certificate for localhost and 127.0.0.1: Node itself can read them, but not make any. */
export function makeCertificate(name: string, { issuer, from = -1, to = 30 }: CertificateOptions = {}): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer?.name ?? name),
    sequence(time(from), time(to)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...(issuer === undefined ? [IS_CA, ALT_NAMES] : [ALT_NAMES]))),
  )
  const signature = sign('sha256', body, issuer?.keyObject ?? privateKey)
  const der = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature))
  return {
    cert: new X509Certificate(der).toString(),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    keyObject: privateKey,
    name,
  }
}

/** DER (X.690): a tag, the length, the contents. */
function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(0x30, ...items)
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function identifier(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes))
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * DAY_MS).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return tagged(0x17, Buffer.from(text.slice(2)))
}

/** One part, the common name (2.5.4.3). */
function distinguishedName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(identifier(0x55, 4, 3), tagged(0x0c, Buffer.from(name)))))
}

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256: Buffer = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))
/** basicConstraints (2.5.29.19), critical. */
const IS_CA: Buffer = sequence(
  identifier(0x55, 0x1d, 19),
  tagged(0x01, Buffer.from([255])),
  tagged(0x04, sequence(tagged(0x01, Buffer.from([255])))),
)
/** subjectAltName (2.5.29.17). */
const ALT_NAMES: Buffer = sequence(
  identifier(0x55, 0x1d, 17),
  tagged(0x04, sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])))),
)
