import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { activatedFds, openActivated } from '../../packages/supervisor/src/host/activation.ts'
import { ROOT } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { within } from '../harness/until.ts'

const PID = 4321

/** What a process makes of a descriptor 3 that it has inherited. */
async function openedByChild(server: Server, fds: readonly number[]): Promise<unknown> {
  const code = `
    import { openActivated } from ${JSON.stringify(`${ROOT}packages/supervisor/dist/host/activation.js`)}
    const opened = openActivated(${JSON.stringify(fds)})
    console.log(JSON.stringify(opened.map(({ fd, name }) => ({ fd, name }))))
    process.exit()`
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  })
  let printed = ''
  child.stdout?.on('data', (chunk) => (printed += chunk))
  await within('the other process has ended', once(child, 'close'))
  server.close()
  return JSON.parse(printed)
}

describe('the descriptors that systemd passes on', () => {
  it('begin with 3, and there are LISTEN_FDS of them', () => {
    expect(activatedFds({ LISTEN_PID: '4321', LISTEN_FDS: '1' }, PID)).toEqual([3])
    expect(activatedFds({ LISTEN_PID: '4321', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:c' }, PID)).toEqual([3, 4, 5])
  })

  it.each<[string, NodeJS.ProcessEnv]>([
    ['nothing is set', {}],
    ['they are meant for another process', { LISTEN_PID: '4322', LISTEN_FDS: '1' }],
    ['it is not said for whom they are', { LISTEN_FDS: '1' }],
    ['it is not said how many they are', { LISTEN_PID: '4321' }],
    ['their number is none', { LISTEN_PID: '4321', LISTEN_FDS: '0' }],
    ['their number is empty', { LISTEN_PID: '4321', LISTEN_FDS: '' }],
    ['their number is negative', { LISTEN_PID: '4321', LISTEN_FDS: '-1' }],
    ['their number is broken', { LISTEN_PID: '4321', LISTEN_FDS: '1.5' }],
    ['their number makes no sense', { LISTEN_PID: '4321', LISTEN_FDS: 'two' }],
    ['their number has no end', { LISTEN_PID: '4321', LISTEN_FDS: 'Infinity' }],
  ])('are none when %s', (_when, env) => {
    expect(activatedFds(env, PID)).toEqual([])
  })
})

describe('a socket that was passed on', () => {
  it('is opened with its address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await openedByChild(server, [3])).toEqual([{ fd: 3, name: { address: '127.0.0.1', port, family: 'IPv4' } }])
  })

  it('is opened when it is a Unix socket, which has no address', async () => {
    using folder = new Folder()
    const server = createServer().listen(`${folder.path}/app.sock`)
    await once(server, 'listening')
    expect(await openedByChild(server, [3])).toEqual([{ fd: 3, name: {} }])
  })

  it('counts although another descriptor that was announced is not open', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(await openedByChild(server, [999, 3])).toMatchObject([{ fd: 3 }])
  })

  it('is left out when it is no socket at all', () => {
    const file = openSync('/dev/null', 'r')
    expect(openActivated([file])).toEqual([])
    closeSync(file)
  })
})
