import type { KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Options } from '../config/config.ts'
import { SupervisorError } from '../errors.ts'
import type { TlsRules } from '../protocol/tls-rules.ts'

type TlsOptions = Pick<Options, 'tlsCert' | 'tlsKey' | 'tlsCa' | 'tlsClientAuth' | 'tlsMinVersion' | 'http2'>

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g

/**
 * Reads what TLS needs, and checks it as a worker would stumble over it: here it is an error before anything is forked,
 * and in a reload one that leaves the old generation with the certificate that it has.
 */
export function readTls(options: TlsOptions, folder: string): TlsRules | null {
  const { tlsCert, tlsKey, tlsCa, tlsClientAuth, tlsMinVersion, http2 } = options
  if (tlsCert === null || tlsKey === null) return null
  const read = (flag: string, name: string): string => readPem(`${flag} ${name}`, resolve(folder, name))
  const cert = read('--tls-cert', tlsCert)
  const key = read('--tls-key', tlsKey)
  const ca = tlsCa === null ? null : read('--tls-ca', tlsCa)
  const [own] = parseAll(`--tls-cert ${tlsCert}`, cert)
  if (ca !== null) parseAll(`--tls-ca ${tlsCa}`, ca)
  if (!own?.checkPrivateKey(parseKey(`--tls-key ${tlsKey}`, key))) {
    const hint = "Name the two that were made together; in the certificate's file the server's own comes first."
    throw refusal(`--tls-key ${tlsKey}: is not the key of the certificate in ${tlsCert}.`, hint)
  }
  const rules: TlsRules = { cert, key, ca, clientAuth: tlsClientAuth, minVersion: `TLSv${tlsMinVersion}`, http2 }
  tryOut(rules, tlsCert)
  return rules
}

/** What is to be said of the certificates although they can be used. */
export function problemsOfTls({ cert }: TlsRules, now: number): string[] {
  return parseAll('', cert).flatMap(({ subject, validFrom, validTo }) => {
    const name = subject.replaceAll('\n', ', ')
    const problem =
      now > Date.parse(validTo)
        ? `expired on ${dayOf(validTo)}`
        : now < Date.parse(validFrom)
          ? `is not valid before ${dayOf(validFrom)}`
          : null
    if (problem === null) return []
    return [`the certificate of ${name} ${problem}: clients refuse it. Renew it, and reload (SIGHUP)`]
  })
}

function dayOf(date: string): string {
  return new Date(date).toISOString().slice(0, 10)
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
}

function readPem(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw refusal(`${what}: ${PROBLEMS[code] ?? `can't be read: ${message}`}.`, `Looked for ${path}.`)
  }
}

/** All certificates of a file; at least one. */
function parseAll(what: string, pem: string): X509Certificate[] {
  // Loaded here: no other module of Node takes so long, and few apps speak TLS themselves.
  const { X509Certificate: Certificate } = process.getBuiltinModule('node:crypto')
  const texts = pem.match(CERTIFICATES) ?? []
  if (texts.length === 0) throw refusal(`${what}: has no certificate in PEM.`, FORM_OF_CERTIFICATE)
  try {
    return texts.map((text) => new Certificate(text))
  } catch (error) {
    throw refusal(`${what}: has a certificate that can't be read: ${(error as Error).message}.`, FORM_OF_CERTIFICATE)
  }
}

const FORM_OF_CERTIFICATE = 'It begins with -----BEGIN CERTIFICATE-----; openssl x509 -in FILE -out cert.pem makes one.'

function parseKey(what: string, pem: string): KeyObject {
  try {
    return process.getBuiltinModule('node:crypto').createPrivateKey(pem)
  } catch (error) {
    if (/ENCRYPTED/.test(pem)) {
      const hint =
        'Nobody is there to type it: openssl pkey -in FILE -out key.pem takes it off; give that file mode 0600.'
      throw refusal(`${what}: is protected by a passphrase.`, hint)
    }
    const hint = 'It begins with -----BEGIN PRIVATE KEY-----, or with RSA or EC before PRIVATE.'
    throw refusal(`${what}: has no private key in PEM: ${(error as Error).message}.`, hint)
  }
}

/** What OpenSSL refuses besides, such as a key that is too short for its level of security. */
function tryOut({ cert, key, ca, minVersion }: TlsRules, name: string): void {
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key, minVersion, ...(ca !== null && { ca }) })
  } catch (error) {
    throw refusal(`--tls-cert ${name}: OpenSSL refuses it: ${(error as Error).message}.`, 'Have another one issued.')
  }
}

function refusal(message: string, hint: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_TLS', message, hint)
}
