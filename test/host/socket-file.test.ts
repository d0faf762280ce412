import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { NOBODY } from '../harness/cli.ts'
import { bindSocket } from '../../packages/supervisor/src/host/bound-socket.ts'
import { takeSocketPath, type Taken } from '../../packages/supervisor/src/host/socket-file.ts'
import { Folder } from '../harness/folder.ts'
import { within } from '../harness/until.ts'
import { itNeeds } from '../cli/needs.ts'

async function listenOn(path: string): Promise<Server> {
  const server = createServer().listen(path)
  await once(server, 'listening')
  return server
}

/** Leaves a socket behind that nobody listens on, as a process does that was killed. */
async function leaveSocket(path: string): Promise<void> {
  const code = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  await run(spawn(process.execPath, ['-e', code, path]))
  expect(lstatSync(path).isSocket()).toBe(true)
}

async function run(child: ChildProcess): Promise<void> {
  await within('the process has ended', once(child, 'exit'))
}

async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await run(child)
  return child.pid ?? NOBODY
}

function release(taken: Taken): void {
  if (taken.kind === 'refused') throw new Error(`refused: ${taken.errno}`)
  taken.release()
}

describe('the path of a Unix socket', () => {
  it('is taken where there is nothing, with a lock file until it is released', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    const taken = await takeSocketPath(path)
    expect(taken.kind).toBe('taken')
    expect(readFileSync(`${path}.lock`, 'utf8').split(' ')[0]).toBe(String(process.pid))
    release(taken)
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('is taken from a socket that a killed process has left', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    await leaveSocket(path)
    const taken = await takeSocketPath(path)
    expect(taken.kind).toBe('taken')
    expect(existsSync(path)).toBe(false)
    release(taken)
  })

  it('is refused while somebody answers on it, who goes on doing so, and no lock is left', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    const server = await listenOn(path)
    expect(await takeSocketPath(path)).toEqual({ kind: 'refused', errno: 'EADDRINUSE' })
    expect(lstatSync(path).isSocket()).toBe(true)
    expect(existsSync(`${path}.lock`)).toBe(false)
    server.close()
  })

  it('is refused while another one has bound it and does not listen yet', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    const taken = await takeSocketPath(path)
    const handle = bindSocket({ address: path, port: -1, addressType: -1, fd: null, flags: 0 })
    if (typeof handle === 'string') throw new Error(handle)
    expect(await takeSocketPath(path)).toEqual({ kind: 'refused', errno: 'EADDRINUSE' })
    expect(lstatSync(path).isSocket()).toBe(true)
    handle.close()
    release(taken)
  })

  it('is given to one of two who want it at the same time', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    await leaveSocket(path)
    const both = await Promise.all([takeSocketPath(path), takeSocketPath(path)])
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['refused', 'taken'])
    for (const taken of both) if (taken.kind === 'taken') taken.release()
  })

  it('can be taken again after it was released', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    release(await takeSocketPath(path))
    release(await takeSocketPath(path))
  })
})

describe('a lock file that was left behind', () => {
  it.each([
    ['by a process that has ended', async () => `${await pidOfTheDead()} 12345\n`],
    ['by an earlier process with the number of one that lives', async () => `${process.pid} 1\n`],
    ['with nothing that makes sense in it', async () => 'hello\n'],
  ])('does not lock: %s', async (_whose, contents) => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    folder.write('app.sock.lock', await contents())
    release(await takeSocketPath(path))
  })
})

describe('what is no socket left behind', () => {
  it('is never removed: a file', async () => {
    using folder = new Folder()
    const path = folder.write('notes.txt', 'mine')
    expect((await takeSocketPath(path)).kind).toBe('refused')
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('is never removed: a folder, or a link to a file', async () => {
    using folder = new Folder()
    mkdirSync(`${folder.path}/folder`)
    symlinkSync(folder.write('notes.txt', 'mine'), `${folder.path}/link`)
    for (const name of ['folder', 'link']) {
      expect((await takeSocketPath(`${folder.path}/${name}`)).kind).toBe('refused')
      expect(existsSync(`${folder.path}/${name}`)).toBe(true)
    }
  })

  itNeeds(
    ['python3'],
    'is never removed: a socket of another kind, which somebody reads, such as /dev/log',
    async () => {
      using folder = new Folder()
      const path = `${folder.path}/log.sock`
      const code = `import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True); sys.stdin.read()`
      const child = spawn('python3', ['-c', code, path], { stdio: ['pipe', 'pipe', 'inherit'] })
      await within('the other process has bound', once(child.stdout, 'data'))
      expect((await takeSocketPath(path)).kind).toBe('refused')
      expect(existsSync(path)).toBe(true)
      const ended = run(child)
      child.stdin.end()
      await ended
    },
  )
})

describe('a path that can not be', () => {
  it('is refused when it is longer than the kernel takes, in bytes', async () => {
    using folder = new Folder()
    // Without the final NUL, which clients of other languages count on.
    const limit = process.platform === 'linux' ? 107 : 103
    const room = limit - Buffer.byteLength(`${folder.path}/`)
    const longest = `${folder.path}/${'x'.repeat(room)}`
    const taken = await takeSocketPath(`${longest}x`)
    expect(taken).toEqual({ kind: 'refused', errno: 'ENAMETOOLONG' })
    const umlauts = `${folder.path}/${'ü'.repeat(Math.ceil((room + 1) / 2))}`
    expect(umlauts.length).toBeLessThan(limit)
    expect(await takeSocketPath(umlauts)).toEqual({ kind: 'refused', errno: 'ENAMETOOLONG' })
    release(await takeSocketPath(longest))
    const server = await listenOn(longest)
    expect(existsSync(longest)).toBe(true)
    server.close()
  })

  it('is refused with the reason when its folder is not there, or is a file', async () => {
    using folder = new Folder()
    expect(await takeSocketPath(`${folder.path}/nowhere/app.sock`)).toEqual({ kind: 'refused', errno: 'ENOENT' })
    writeFileSync(`${folder.path}/file`, '')
    expect(await takeSocketPath(`${folder.path}/file/app.sock`)).toEqual({ kind: 'refused', errno: 'ENOTDIR' })
  })
})
