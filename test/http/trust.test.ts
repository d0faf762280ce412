import { createServer, request, type Server } from 'node:http'
import { connect, isIP, type AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Peers, type Peer } from '../../packages/supervisor/src/http/peers.ts'
import { canonical, readTrustedPeer, Trust } from '../../packages/supervisor/src/http/trust.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

describe('an entry of --forwarded-allow-ips', () => {
  it.each([
    ['127.0.0.1', { kind: 'network', address: '127.0.0.1', bits: 32, family: 'ipv4' }],
    ['10.0.0.0/8', { kind: 'network', address: '10.0.0.0', bits: 8, family: 'ipv4' }],
    ['0.0.0.0/0', { kind: 'network', address: '0.0.0.0', bits: 0, family: 'ipv4' }],
    ['::1', { kind: 'network', address: '::1', bits: 128, family: 'ipv6' }],
    ['fd00::/8', { kind: 'network', address: 'fd00::', bits: 8, family: 'ipv6' }],
    ['*', { kind: 'everybody' }],
    ['unix', { kind: 'unix' }],
    ['none', { kind: 'nobody' }],
  ])('can be %s', (text, peer) => {
    expect(readTrustedPeer(text)).toEqual(peer)
  })

  it.each([
    '',
    'localhost',
    '127.0.0',
    '127.1',
    '127.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '::/129',
    '[::1]',
    '127.0.0.1:80',
    'fe80::1%eth0',
    '**',
    'UNIX',
    ' ::1',
  ])('can not be "%s"', (text) => {
    expect(readTrustedPeer(text)).toBeNull()
  })
})

describe('trust', () => {
  it.each<[readonly string[], string, boolean]>([
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['127.0.0.1'], '::ffff:127.0.0.1', true],
    [['127.0.0.1'], '::ffff:7f00:1', true],
    [['::ffff:127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '::1', false],
    [['::1'], '0:0:0:0:0:0:0:1', true],
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.1.2.3/8'], '10.9.9.9', true],
    [['0.0.0.0/0'], '8.8.8.8', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '2001:db8::1', true],
    [['fd00::/8', '10.0.0.1'], 'fd12::1', true],
    [['*'], '2001:db8::1', true],
    [['none'], '127.0.0.1', false],
    [[], '127.0.0.1', false],
    [['unix'], '127.0.0.1', false],
    [['127.0.0.1'], 'garbage', false],
  ])('in %j has %s: %s', (entries, address, covers) => {
    expect(new Trust(entries).covers(address)).toBe(covers)
  })

  it('covers Unix sockets by unix and by *', () => {
    expect([['unix'], ['*'], ['127.0.0.1'], ['none']].map((entries) => new Trust(entries).coversUnix)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::ffff:7f00:1', '127.0.0.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['localhost', null],
  ['', null],
  ['1.2.3.4.5', null],
])('the one spelling of "%s" is %s', (text, spelling) => {
  expect(canonical(text)).toBe(spelling)
})

it('an address is what Node takes for one', () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdfF:.:.'.split('')), maxLength: 45 }),
    fc.string({ unit: fc.constantFrom('::', ':', '1', 'ffff', '1.2.3.4', '\0', ' '), maxLength: 9 }),
  )
  fc.assert(
    fc.property(text, (address) => {
      expect(canonical(address) !== null).toBe(isIP(address) !== 0)
      expect(readTrustedPeer(address) !== null).toBe(isIP(address) !== 0)
    }),
    { numRuns: 2000 },
  )
})

describe('the peer of a Unix socket', () => {
  it('is trusted as such', async () => {
    using folder = new Folder()
    const socketPath = `${folder.path}/socket`
    const { server, seen } = await listening(socketPath)
    request({ socketPath }, (response) => response.resume()).end()
    await until('the request has come', () => seen.length > 0)
    expect(seen[0]?.peer).toMatchObject({ address: null, isTrusted: true })
    server.close()
  })

  it('is not whoever has reset a TCP connection by the time that somebody looks', async () => {
    const { server, seen } = await listening(0)
    const { port } = server.address() as AddressInfo
    const gone = await until('a request has come whose client has no address any more', () => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', () => socket.resetAndDestroy())
      })
      socket.on('error', () => {})
      return seen.find(({ peer, wasOpen }) => wasOpen && peer.address === null)
    })
    expect(gone.peer.isTrusted).toBe(false)
    server.close()
  })
})

interface Seen {
  readonly peer: Peer
  /** Whether the socket looked as if it were open. */
  readonly wasOpen: boolean
}

/** A server which looks at who asks, and trusts Unix sockets alone. */
async function listening(where: string | number): Promise<{ readonly server: Server; readonly seen: readonly Seen[] }> {
  const peers = new Peers(new Trust(['unix']))
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    const wasOpen = !incoming.socket.destroyed
    seen.push({ peer: peers.of({ kind: 'request', server, request: incoming, response }), wasOpen })
    response.end()
  })
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve)
    else server.listen(where, '127.0.0.1', resolve)
  })
  return { server, seen }
}
