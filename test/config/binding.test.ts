import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBinding, writeBinding, type Read } from '../../packages/supervisor/src/config/binding.ts'
import type { Binding } from '../../packages/supervisor/src/protocol/orders.ts'

function problemOf(text: string): string {
  const read: Read<Binding> = readBinding(text)
  return read.ok ? `none: ${JSON.stringify(read.value)}` : read.problem
}

describe('an address', () => {
  it.each<[string, Binding]>([
    ['127.0.0.1:8000', { kind: 'tcp', host: '127.0.0.1', port: 8000 }],
    ['0.0.0.0:0', { kind: 'tcp', host: '0.0.0.0', port: 0 }],
    ['localhost:65535', { kind: 'tcp', host: 'localhost', port: 65_535 }],
    ['my-host.example.com:80', { kind: 'tcp', host: 'my-host.example.com', port: 80 }],
    [':8000', { kind: 'tcp', host: null, port: 8000 }],
    ['[::]:8000', { kind: 'tcp', host: '::', port: 8000 }],
    ['[::1]:8000', { kind: 'tcp', host: '::1', port: 8000 }],
    ['[fe80::1%eth0]:8000', { kind: 'tcp', host: 'fe80::1%eth0', port: 8000 }],
    ['unix:/run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
    ['unix:app.sock', { kind: 'unix', path: 'app.sock' }],
    ['unix:/run/with:colon', { kind: 'unix', path: '/run/with:colon' }],
    ['fd://3', { kind: 'fd', fd: 3 }],
    ['fd://12', { kind: 'fd', fd: 12 }],
  ])('can be written as %s', (text, value) => {
    expect(readBinding(text)).toEqual({ ok: true, value })
    expect(writeBinding(value)).toBe(text)
  })

  it.each([
    ['', 'is not an address'],
    ['nonsense', 'is not an address'],
    ['8000', 'is not an address'],
    ['::1:8000', 'is not an address'],
    ['[::1]', 'is not an address'],
    ['[::1', 'is not an address'],
    ['http://localhost:80', 'is not an address'],
    ['localhost:', 'has no port'],
    ['localhost:http', 'has no port'],
    [':99999', 'has no port'],
    [':65536', 'has no port'],
    [':-1', 'has no port'],
    [':80.5', 'has no port'],
    [': 80', 'has no port'],
    ['[127.0.0.1]:80', 'has no IPv6 address'],
    ['[]:80', 'has no IPv6 address'],
    ['[fe80]:80', 'has no IPv6 address'],
    ['my_host:80', 'has no host name'],
    ['-host:80', 'has no host name'],
    ['a host:80', 'has no host name'],
    ['*:80', 'has no host name'],
    ['unix:', 'has no path'],
    ['fd://', 'has no descriptor'],
    ['fd://three', 'has no descriptor'],
    ['fd://-1', 'has no descriptor'],
    ['fd://0', 'names a standard stream'],
    ['fd://2', 'names a standard stream'],
  ])('can not be written as "%s", and the reason is the end of a sentence', (text, problem) => {
    expect(problemOf(text)).toContain(problem)
    expect(problemOf(text)).toMatch(/^[a-z].*[^.]$/)
  })

  it('names the forms that there are when it has none of them', () => {
    for (const form of ['host:port', '[ipv6]:port', ':port', 'unix:/path', 'fd://3']) {
      expect(problemOf('nonsense')).toContain(form)
    }
  })
})

describe('any text', () => {
  it('is read or refused, and never throws', () => {
    const port = fc.integer({ min: -1, max: 70_000 }).map((number) => `:${number}`)
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), port).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (text) => {
        const read = readBinding(text)
        if (!read.ok || read.value.kind !== 'tcp') return
        expect(read.value.port).toBeGreaterThanOrEqual(0)
        expect(read.value.port).toBeLessThanOrEqual(65_535)
        expect(read.value.host).not.toBe('')
      }),
    )
  })

  it('that is an address of IPv4 or IPv6 and a port comes back as that', () => {
    const port = fc.integer({ min: 0, max: 65_535 })
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), port, (ipv4, ipv6, port) => {
        expect(readBinding(`${ipv4}:${port}`)).toEqual({ ok: true, value: { kind: 'tcp', host: ipv4, port } })
        expect(readBinding(`[${ipv6}]:${port}`)).toEqual({ ok: true, value: { kind: 'tcp', host: ipv6, port } })
      }),
    )
  })
})
