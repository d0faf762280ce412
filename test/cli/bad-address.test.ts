import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { SUPERVISOR } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { has, itNeeds } from './needs.ts'
import { expectOneCause, failureOf, type Failure } from './failure.ts'

const REFUSED = { exitCode: 3, code: 'SUPERVISOR_ADDRESS_REFUSED' }
const HANDLER = 'export default (request, response) => response.end()'

/** Three workers that serve a handler on an address that can't be had. */
async function failureOn(folder: Folder, address: string, command?: readonly string[]): Promise<Failure> {
  const args = ['--workers', '3', '--bind', address, folder.write('app.mjs', HANDLER)]
  return failureOf(args, command && { command: [...command, process.execPath, SUPERVISOR] })
}

describe.concurrent('an address that cannot be had', () => {
  it('is named when it belongs to another machine', async () => {
    using folder = new Folder()
    // TEST-NET-1 (RFC 5737) is nobody's.
    const failure = await failureOn(folder, '192.0.2.1:8080')
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain('192.0.2.1:8080 is not an address of this machine')
  })

  it('is named when another process has it', async () => {
    using folder = new Folder()
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    const failure = await failureOn(folder, `127.0.0.1:${port}`)
    other.close()
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain(`127.0.0.1:${port} is in use by another process`)
  })

  it('is named when it is the path of a Unix socket that is too long', async () => {
    using folder = new Folder()
    const path = `${folder.path}/`.padEnd(108, 'x')
    const failure = await failureOn(folder, `unix:${path}`)
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain(path)
    expect(failure.stderr).toContain('107 bytes')
  })

  it('is named when the folder of a Unix socket does not exist', async () => {
    using folder = new Folder()
    const failure = await failureOn(folder, `unix:${folder.path}/nowhere/app.sock`)
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain(`${folder.path}/nowhere/app.sock`)
  })

  it('is not put down to another process when a file is in its way, and the file stays', async () => {
    using folder = new Folder()
    const path = folder.write('notes.txt', 'mine')
    const failure = await failureOn(folder, `unix:${path}`)
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain(path)
    expect(failure.stderr).not.toContain('another process')
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  it('is named when it is a descriptor that is not open', async () => {
    using folder = new Folder()
    const failure = await failureOn(folder, 'fd://999')
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain('fd://999')
  })

  it('is named when it is a descriptor that is no socket', async () => {
    using folder = new Folder()
    const failure = await failureOn(folder, 'fd://9', ['sh', '-c', ': | exec "$@" 9<&0', 'sh'])
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain('fd://9')
    expect(failure.stderr).not.toContain('another process')
  })
})

const isRoot = process.getuid?.() === 0
/** Root may bind every port: without this one capability it may not. */
const WITHOUT_RIGHTS = isRoot
  ? ['setpriv', '--inh-caps=-net_bind_service', '--bounding-set=-net_bind_service', '--']
  : []
const PORTS_FREE_FOR_ALL = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
const arePortsRestricted = !(has(PORTS_FREE_FOR_ALL) && Number(readFileSync(PORTS_FREE_FOR_ALL, 'utf8')) <= 1023)

describe.runIf(arePortsRestricted)('where ports below 1024 need rights', () => {
  itNeeds(isRoot ? ['setpriv'] : [], 'says that the rights are missing', async () => {
    using folder = new Folder()
    const failure = await failureOn(folder, '127.0.0.1:1023', WITHOUT_RIGHTS)
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain('127.0.0.1:1023 may not be bound by this user')
  })
})
