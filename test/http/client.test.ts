import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientOf, type Client } from '../../packages/supervisor/src/http/client.ts'
import { Trust } from '../../packages/supervisor/src/http/trust.ts'

const PROXY = { address: '127.0.0.1', port: 4711, isEncrypted: false, isTrusted: true }
/** The peer, and one network behind it. */
const TRUST = new Trust(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'])

function seen(headers: Readonly<Record<string, string | string[]>>, trust: Trust = TRUST): Client {
  return clientOf(PROXY, { host: 'app.local', ...headers }, (address) => trust.covers(address))
}

/** Whom the proxy names, with the port if it has one. */
function named(list: string, trust?: Trust): string {
  const { address, port } = seen({ 'x-forwarded-for': list }, trust)
  return port === null ? `${address}` : `${address} ${port}`
}

describe('X-Forwarded-For', () => {
  it.each([
    ['one hop', '203.0.113.7', '203.0.113.7'],
    ['what the client has made up', '6.6.6.6, 203.0.113.7', '203.0.113.7'],
    ['trusted hops behind the client', '6.6.6.6, 203.0.113.7, 10.1.1.1, 10.2.2.2', '203.0.113.7'],
    ['trusted hops alone', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['no blanks', '203.0.113.7,10.1.1.1', '203.0.113.7'],
    ['many blanks', '  203.0.113.7 \t,   10.1.1.1  ', '203.0.113.7'],
    ['a port', '203.0.113.7:5678', '203.0.113.7 5678'],
    ['IPv6', '2001:db8::7', '2001:db8::7'],
    ['IPv6 in another spelling', '2001:DB8:0::7', '2001:db8::7'],
    ['IPv6 in brackets', '[2001:db8::7]', '2001:db8::7'],
    ['IPv6 with a port', '[2001:db8::7]:5678', '2001:db8::7 5678'],
    ['IPv6 with a zone', 'fe80::7%eth0', 'fe80::7'],
    ['IPv4 written as IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['trusted hops with ports, and as IPv6', '203.0.113.7, [fd00::1]:80, ::ffff:10.0.0.1', '203.0.113.7'],
    ['a port that is none', '203.0.113.7:99999', '203.0.113.7'],
    ['a port that is a word', '203.0.113.7:http', '203.0.113.7'],
  ])('with %s: %s', (_what, list, client) => {
    expect(named(list)).toBe(client)
  })

  it.each([
    '',
    ',',
    ', ,',
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113',
    '203.0.113.7 8.8.8.8',
    '[203.0.113.7',
    '[]:80',
    '[203.0.113.7]]',
    '203.0.113.7:80:80',
    '<script>',
    '\u00FF\u00FE',
    '1'.repeat(100_000),
    ':'.repeat(100_000),
    '[1'.repeat(50_000),
  ])('of garbage names nobody, so that it is the proxy: %.40s', (list) => {
    expect(named(list)).toBe('127.0.0.1 4711')
  })

  it('counts from the last hop on that is no garbage', () => {
    expect(named('203.0.113.7, garbage, 10.1.1.1')).toBe('10.1.1.1')
    expect(named('203.0.113.7, , 10.1.1.1')).toBe('10.1.1.1')
  })

  it('names the leftmost where all are trusted', () => {
    expect(named('203.0.113.7, 198.51.100.1', new Trust(['*']))).toBe('203.0.113.7')
  })

  it('may come in several lines', () => {
    expect(seen({ 'x-forwarded-for': ['6.6.6.6', '203.0.113.7, 10.1.1.1'] }).address).toBe('203.0.113.7')
  })

  it.each(['203.0.113.7', '10.1.1.1'])('of 10,000 hops is not read to its end: %s', (hop) => {
    const asked: string[] = []
    const isTrusted = (address: string): boolean => asked.push(address) > 0
    const { address } = clientOf(PROXY, { 'x-forwarded-for': `${hop}, `.repeat(10_000) + hop }, isTrusted)
    expect(address).toBe(hop)
    expect(asked).toHaveLength(100)
  })

  it('is never anything but an address, whatever it says', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.1', '[::1]:80', '"', ''))
    fc.assert(
      fc.property(fc.array(hop), (hops) => {
        const { address } = seen({ 'x-forwarded-for': hops.join(',') })
        expect(address).toMatch(/^[\d.]+$|^[\da-f:.]+$/)
      }),
    )
  })
})

describe('X-Forwarded-Proto and X-Forwarded-Host', () => {
  it('tell what the client asked', () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'a.example:8443',
    }
    expect(seen(headers)).toEqual({ address: '203.0.113.7', port: null, protocol: 'https', host: 'a.example:8443' })
  })

  it('count without a list of hops', () => {
    const client = { address: '127.0.0.1', port: 4711, protocol: 'https', host: 'app.local' }
    expect(seen({ 'x-forwarded-proto': 'https' })).toEqual(client)
  })

  it.each([
    ['the only one', 'https', 'https'],
    ['what the client has made up, and the proxy has added to', 'https, http', 'http'],
    ['in capitals', 'HTTPS', 'https'],
    ['a WebSocket', 'wss', 'https'],
    ['nothing', '', 'http'],
    ['garbage', 'constructor', 'http'],
  ])('of one hop: %s', (_what, text, protocol) => {
    expect(seen({ 'x-forwarded-for': '6.6.6.6, 203.0.113.7', 'x-forwarded-proto': text }).protocol).toBe(protocol)
  })

  it('are those of the hop that the client is', () => {
    const headers = {
      'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.1.1.1',
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'evil.example, shop.example, inner.example',
    }
    expect(seen(headers)).toMatchObject({ address: '203.0.113.7', protocol: 'https', host: 'shop.example' })
  })

  it.each(['a host', 'a/b', '"', 'x'.repeat(1000)])('can not name a host that is none: %.20s', (host) => {
    expect(seen({ 'x-forwarded-host': host }).host).toBe('app.local')
  })
})

describe('Forwarded', () => {
  it.each([
    ['for=203.0.113.7', '203.0.113.7', null],
    ['For="203.0.113.7:5678"', '203.0.113.7', 5678],
    ['for="[2001:db8::7]:5678"', '2001:db8::7', 5678],
    ['for=6.6.6.6, for=203.0.113.7', '203.0.113.7', null],
    ['for=203.0.113.7;by=10.0.0.9, for=10.1.1.1', '203.0.113.7', null],
    ['for=203.0.113.7, for="[fd00::1]"', '203.0.113.7', null],
    ['proto=https;for=203.0.113.7', '203.0.113.7', null],
    // What the client leaves open can't take in what the proxy adds.
    ['for="6.6.6.6, for=203.0.113.7', '203.0.113.7', null],
    ['for=6.6.6.6;x="\\", for=203.0.113.7', '203.0.113.7', null],
    ['for=203.0.113.7, for=unknown', '127.0.0.1', 4711],
    ['for=203.0.113.7, for=_hidden', '127.0.0.1', 4711],
    ['for', '127.0.0.1', 4711],
    ['for=', '127.0.0.1', 4711],
    ['by=203.0.113.7', '127.0.0.1', 4711],
    ['', '127.0.0.1', 4711],
    ['for=10.0.0.1;'.repeat(10_000), '127.0.0.1', 4711],
  ])('%.60s', (forwarded, address, port) => {
    expect(seen({ forwarded })).toMatchObject({ address, port })
  })

  it('tells protocol and host of the hop that the client is', () => {
    const forwarded =
      'for=6.6.6.6;proto=http;host=evil.example, For=203.0.113.7;Proto=https;Host="shop.example:8443", for=10.1.1.1;proto=http'
    expect(seen({ forwarded })).toMatchObject({ protocol: 'https', host: 'shop.example:8443' })
  })

  it('does not count beside any X-Forwarded header, which it may be a lie about', () => {
    const forwarded = 'for=6.6.6.6;proto=https;host=evil.example'
    expect(seen({ forwarded, 'x-forwarded-for': '203.0.113.7' })).toEqual({
      address: '203.0.113.7',
      port: null,
      protocol: 'http',
      host: 'app.local',
    })
    expect(seen({ forwarded, 'x-forwarded-proto': 'http' })).toMatchObject({ address: '127.0.0.1', protocol: 'http' })
  })
})

describe('a client without a proxy', () => {
  const HEADERS = {
    host: 'app.local',
    forwarded: 'for=6.6.6.6',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-proto': 'https',
  }

  it('is the peer, whatever it says of others', () => {
    const peer = { address: '203.0.113.7', port: 4711, isEncrypted: false, isTrusted: false }
    const client = { address: '203.0.113.7', port: 4711, protocol: 'http', host: 'app.local' }
    expect(clientOf(peer, HEADERS, () => true)).toEqual(client)
    expect(clientOf({ ...peer, isEncrypted: true }, HEADERS, () => true).protocol).toBe('https')
  })

  it('has no address on a Unix socket, and the host that it names, if that can be one', () => {
    const peer = { address: null, port: null, isEncrypted: false, isTrusted: true }
    expect(clientOf(peer, { ':authority': 'h2.local' }, () => true)).toEqual({
      address: null,
      port: null,
      protocol: 'http',
      host: 'h2.local',
    })
    expect(clientOf(peer, { host: 'a b' }, () => true).host).toBeNull()
    expect(clientOf(peer, {}, () => true).host).toBeNull()
  })
})
