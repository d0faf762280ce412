import { Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Face } from '../../packages/supervisor/src/worker/face.ts'
import { FakeHandle, PipeHandle } from './fake-handle.ts'

const EADDRINUSE = -98

interface Subject {
  readonly real: FakeHandle
  readonly face: Face
  readonly closed: () => number
}

function create({ mayAccept = false, real = new FakeHandle() } = {}): Subject {
  let closed = 0
  const face = new Face(real, '127.0.0.1:0', mayAccept, () => closed++)
  return { real, face, closed: () => closed }
}

const NAME = { address: '127.0.0.1', port: 3000, family: 'IPv4' }

function nameOf(face: Face): object {
  const name = {}
  expect(face.getsockname?.(name)).toBe(0)
  return name
}

describe('accepting', () => {
  it('does not begin with listening: that is for the supervisor to say', () => {
    const { real, face } = create()
    expect(face.listen(128)).toBe(0)
    expect(real.calls).toEqual([])
    expect(face.open()).toBe(0)
    expect(real.calls).toEqual(['listen 128'])
  })

  it('begins with listening in a worker that accepts already', () => {
    const { real, face } = create({ mayAccept: true })
    expect(face.listen(128)).toBe(0)
    expect(real.calls).toEqual(['listen 128'])
  })

  it('does not begin before the app listens', () => {
    const { real, face } = create()
    expect(face.open()).toBe(0)
    expect(real.calls).toEqual([])
  })

  it('begins once, however often it is asked for', () => {
    const { real, face } = create()
    face.listen(128)
    face.open()
    face.open()
    face.listen(256)
    expect(real.calls).toEqual(['listen 128'])
  })

  it('hands each connection to the app, and counts it', () => {
    const { real, face } = create()
    const seen: unknown[] = []
    face.onconnection = (error, connection) => seen.push([error, connection])
    face.listen(128)
    face.open()
    real.onconnection?.(0, 'first')
    real.onconnection?.(0, 'second')
    expect(seen).toEqual([
      [0, 'first'],
      [0, 'second'],
    ])
    expect(face.accepted).toBe(2)
  })

  it('follows an app that changes its listener for connections', () => {
    const { real, face } = create({ mayAccept: true })
    const seen: string[] = []
    face.onconnection = () => seen.push('old')
    face.listen(128)
    face.onconnection = () => seen.push('new')
    real.onconnection?.(0, {})
    expect(seen).toEqual(['new'])
  })
})

describe('an address that another process took meanwhile', () => {
  it('is told to the app when listening and accepting are one', () => {
    const { real, face, closed } = create({ mayAccept: true })
    real.errno = EADDRINUSE
    expect(face.listen(128)).toBe(EADDRINUSE)
    // What net.Server does next.
    face.close()
    expect(real.calls).toEqual(['listen 128', 'close'])
    expect(closed()).toBe(1)
  })

  it('is told to who opens, and opening can be tried again', () => {
    const { real, face } = create()
    real.errno = EADDRINUSE
    face.listen(128)
    expect(face.open()).toBe(EADDRINUSE)
    real.errno = 0
    expect(face.open()).toBe(0)
    expect(real.calls).toEqual(['listen 128', 'listen 128'])
  })
})

describe('shutting', () => {
  it('closes the real handle once, and the app learns nothing of it', () => {
    const { real, face, closed } = create({ mayAccept: true })
    face.listen(128)
    face.shut()
    face.shut()
    expect(real.calls).toEqual(['listen 128', 'close'])
    expect(closed()).toBe(0)
  })

  it.each<[string, (face: Face) => void]>([
    ['before the app listens', () => {}],
    ['before the worker accepts', (face) => face.listen(128)],
  ])('holds also when it comes %s', (_when, before) => {
    const { real, face } = create()
    before(face)
    face.shut()
    expect(face.listen(128)).toBe(0)
    expect(face.open()).toBe(0)
    expect(real.calls).toEqual(['close'])
  })

  it('leaves the app its address', () => {
    const { face } = create({ mayAccept: true })
    face.listen(128)
    expect(nameOf(face)).toEqual(NAME)
    face.shut()
    expect(nameOf(face)).toEqual(NAME)
  })

  it('leaves ref and unref without effect on a handle that is closed', () => {
    const { real, face } = create({ mayAccept: true })
    face.listen(128)
    face.shut()
    face.ref()
    face.unref()
    expect(real.calls).toEqual(['listen 128', 'close'])
  })
})

describe("the app's close", () => {
  it('closes the real handle, and says so once', async () => {
    const { real, face, closed } = create({ mayAccept: true })
    face.listen(128)
    await new Promise<void>((resolve) => face.close(resolve))
    face.close()
    face.shut()
    expect(real.calls).toEqual(['listen 128', 'close'])
    expect(closed()).toBe(1)
  })

  it('is answered after a shut too, later and not within the call', async () => {
    const { real, face, closed } = create({ mayAccept: true })
    face.listen(128)
    face.shut()
    let isAnswered = false
    const answered = new Promise<void>((resolve) => {
      face.close(() => {
        isAnswered = true
        resolve()
      })
    })
    expect(isAnswered).toBe(false)
    await answered
    expect(real.calls).toEqual(['listen 128', 'close'])
    expect(closed()).toBe(1)
  })

  it('before the worker accepts lets nobody open it later', () => {
    const { real, face, closed } = create()
    face.listen(128)
    face.close()
    expect(face.open()).toBe(0)
    expect(real.calls).toEqual(['close'])
    expect(closed()).toBe(1)
  })

  it('works without being told when it is done', () => {
    const { real, face } = create()
    face.close()
    expect(real.calls).toEqual(['close'])
  })
})

describe('a server that does not keep the process alive', () => {
  it('stays so when it accepts', () => {
    const { real, face } = create()
    face.listen(128)
    face.unref()
    expect(real.calls).toEqual([])
    face.open()
    expect(real.calls).toEqual(['listen 128', 'unref'])
  })

  it('keeps it alive again after a change of mind', () => {
    const { real, face } = create()
    face.listen(128)
    face.unref()
    face.ref()
    face.open()
    expect(real.calls).toEqual(['listen 128'])
    face.unref()
    face.ref()
    expect(real.calls).toEqual(['listen 128', 'unref', 'ref'])
  })
})

describe('a Unix socket, whose handle has no name to ask for', () => {
  it('is shut like any other', () => {
    const { real, face } = create({ mayAccept: true, real: new PipeHandle() })
    face.listen(128)
    expect(() => face.shut()).not.toThrow()
    expect(real.calls).toEqual(['listen 128', 'close'])
  })

  it('lets net.Server find its address by itself', () => {
    const { face } = create({ real: new PipeHandle() })
    const server = { _handle: face, _pipeName: '/run/app.sock' } as unknown as Server
    expect(Server.prototype.address.call(server)).toBe('/run/app.sock')
  })
})
