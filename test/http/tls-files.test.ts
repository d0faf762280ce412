import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectOneCause, failureOf } from '../cli/failure.ts'
import { makeCertificate } from '../harness/certificate.ts'
import { fixture, type Cli, type LogLine } from '../harness/cli.ts'
import { askOver, Secured } from './secured.ts'

const MINE = makeCertificate('mine')
const OTHER = makeCertificate('other')
const { privateKey: PROTECTED } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
})
const WEAK = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({ type: 'pkcs8', format: 'pem' })

/** Exports a handler, as for tests, and listens when a database would have answered. */
const LATE = `
  const { createServer } = require('node:http')
  module.exports = (request, response) => response.end()
  setTimeout(() => createServer(module.exports).listen(0, '127.0.0.1'), 50)`

interface Files {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

/** Runs the command with these files; one that is empty is not there. */
async function failureWith({ cert = MINE.cert, key = MINE.key, ca }: Files): ReturnType<typeof failureOf> {
  using secured = new Secured()
  const names = { 'cert.pem': cert, 'key.pem': key, 'ca.pem': ca ?? '' }
  for (const [name, text] of Object.entries(names)) {
    if (text !== '') secured.folder.write(name, text)
    else if (name !== 'ca.pem') secured.folder.remove(name)
  }
  const files = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem']
  const client = ca === undefined ? [] : ['--tls-ca', 'ca.pem', '--tls-client-auth', 'required']
  const args = ['--bind', '127.0.0.1:0', ...files, ...client, fixture('http-handler.mjs')]
  return await failureOf(args, { cwd: secured.folder.path })
}

describe('before anything is forked', () => {
  it.each<[string, Files, RegExp]>([
    [
      'a certificate that is not there',
      { cert: '' },
      /--tls-cert cert\.pem: is not there\.\nLooked for \/.*cert\.pem\./,
    ],
    ['a key that is not there', { key: '' }, /--tls-key key\.pem: is not there\./],
    ['clients of nobody', { ca: '' }, /--tls-ca ca\.pem: is not there\./],
    ['a certificate that is none', { cert: 'no\n' }, /--tls-cert cert\.pem: has no certificate in PEM\./],
    [
      'a certificate that is damaged',
      { cert: MINE.cert.replace('M', '*') },
      /--tls-cert cert\.pem: has a certificate that can't be read/,
    ],
    ['a certificate for a key', { key: MINE.cert }, /--tls-key key\.pem: has no private key in PEM/],
    ['a key for a certificate', { cert: MINE.key }, /--tls-cert cert\.pem: has no certificate in PEM\./],
    ['a damaged authority', { ca: 'no\n' }, /--tls-ca ca\.pem: has no certificate in PEM\./],
    [
      'a key of another certificate',
      { key: OTHER.key },
      /--tls-key key\.pem: is not the key of the certificate in cert\.pem\./,
    ],
    [
      'certificates in the wrong order',
      { cert: OTHER.cert + MINE.cert },
      /is not the key [^]*the server's own comes first/,
    ],
    [
      'a key with a passphrase',
      { key: PROTECTED },
      /--tls-key key\.pem: is protected by a passphrase\.\n.*openssl pkey/,
    ],
    ['a weak key', { key: String(WEAK) }, /--tls-key key\.pem: is not the key/],
  ])('%s is an error', async (_what, files, expected) => {
    const failure = await failureWith(files)
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_TLS' })
    expect(failure.stderr).toMatch(expected)
    expect(failure.stderr).not.toContain('PRIVATE KEY-----\nM')
    expect(failure.stdout).toBe('')
  })

  it('a folder is no file', async () => {
    using secured = new Secured()
    mkdirSync(`${secured.folder.path}/folder`)
    const args = ['--tls-cert', 'folder', '--tls-key', 'key.pem', fixture('http-handler.mjs')]
    const failure = await failureOf(args, { cwd: secured.folder.path })
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_TLS' })
    expect(failure.stderr).toContain('--tls-cert folder: is a folder.')
  })

  it('a check finds it too', async () => {
    using secured = new Secured()
    secured.folder.write('key.pem', OTHER.key)
    const failure = await failureOf(['--check-config', ...secured.files, fixture('http-handler.mjs')])
    expectOneCause(failure, { exitCode: 1, code: 'SUPERVISOR_TLS' })
  })
})

function warningsOf(cli: Cli): LogLine[] {
  return cli.events('warning').filter(({ code }) => code === 'SUPERVISOR_CERTIFICATE_DATES')
}

describe('a certificate whose time', () => {
  it.each([
    ['is over', { from: -10, to: -2 }, /expired on \d{4}-\d\d-\d\d: clients refuse it\. Renew it, and reload/],
    ['has not come', { from: 2, to: 10 }, /is not valid before \d{4}-\d\d-\d\d: clients refuse it/],
  ])('%s is warned of, and served', async (_what, dates, expected) => {
    using secured = new Secured(makeCertificate('untimely', dates))
    await using cli = await secured.serve(['--workers', '2'])
    const warnings = warningsOf(cli)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.msg).toMatch(expected)
    expect(warnings[0]?.msg).toContain('CN=untimely')
    expect(await askOver(cli.port, { rejectUnauthorized: false })).toMatchObject({ version: '1.1' })
    // Another one may stand behind the server's own; what was told is not repeated.
    const { cert, key } = makeCertificate('own')
    secured.folder.write('cert.pem', cert + secured.current.cert + makeCertificate('another', dates).cert)
    secured.folder.write('key.pem', key)
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    const names = warningsOf(cli).map(({ msg }) => /CN=(?<name>\w+)/.exec(msg)?.groups?.['name'])
    expect(names).toEqual(['untimely', 'another'])
  })
})

describe('an app that can not be served over TLS', () => {
  const { files } = new Secured()

  it.each([
    ['listens by itself', [fixture('http-listen.mjs')]],
    ['listens by itself', ['--check-config', fixture('http-listen.mjs')]],
    ['listens by itself', ['--accept', 'cluster', fixture('http-listen.mjs')]],
    ['listens by itself', ['late.cjs']],
    ['exports a server that is not one of node:http', ['--bind', '127.0.0.1:0', 'https.mjs']],
    ['exports a server that is not one of node:http', ['--bind', '127.0.0.1:0', 'net.mjs']],
  ])('%s: %j', async (found, args) => {
    using secured = new Secured()
    const { cert, key } = secured.current
    const options = JSON.stringify({ cert, key })
    secured.folder.write(
      'https.mjs',
      `import { createServer } from 'node:https'; export default createServer(${options})`,
    )
    secured.folder.write('net.mjs', `import { createServer } from 'node:net'; export default createServer()`)
    secured.folder.write('late.cjs', LATE)
    const failure = await failureOf([...secured.files, ...args], { cwd: secured.folder.path })
    const exitCode = args.includes('--check-config') ? 1 : 4
    expectOneCause(failure, { exitCode, code: 'SUPERVISOR_APP_NOT_SECURED' })
    expect(failure.stderr).toContain(` ${found}, so that --tls-cert can't be applied.`)
  })

  it.each([
    [['--tls-cert', 'cert.pem'], '--tls-cert needs --tls-key'],
    [['--tls-key', 'key.pem'], '--tls-key has no meaning without --tls-cert'],
    [['--http2'], '--http2 has no meaning without --tls-cert'],
    [['--tls-client-auth', 'optional'], '--tls-client-auth has no meaning without --tls-cert'],
    [['--tls-min-version', '1.3'], '--tls-min-version has no meaning without --tls-cert'],
    [[...files, '--tls-client-auth', 'required'], '--tls-client-auth required needs --tls-ca'],
    [[...files, '--tls-ca', 'ca.pem'], '--tls-ca has no meaning without --tls-client-auth'],
    [[...files, '--mode', 'listen'], '--mode listen and --tls-cert contradict each other'],
    [[...files, '--tls-min-version', '1.1'], '--tls-min-version 1.1: must be one of 1.2, 1.3'],
  ])('because of contradictions: %j', async (args, cause) => {
    const failure = await failureOf([...args, fixture('http-handler.mjs')])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain(`supervisor: ${cause}`)
  })
})
