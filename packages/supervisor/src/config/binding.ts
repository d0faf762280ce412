import { isIP } from 'node:net'
import { joinHostPort } from '../protocol/address.ts'
import type { Binding } from '../protocol/orders.ts'

const FORMS = 'host:port, [ipv6]:port, :port, unix:/path or fd://3'
/** What a host name may look like (RFC 1123, section 2.1). */
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i

/** The result of reading what somebody wrote: a value, or what is wrong with it. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

/** Reads an address in gunicorn's notation. Without a host all interfaces are meant, as for `net.Server.listen`. */
export function readBinding(text: string): Read<Binding> {
  if (text.startsWith('unix:')) return readPath(text.slice('unix:'.length))
  if (text.startsWith('fd://')) return readFd(text.slice('fd://'.length))
  const match = /^(?:\[(?<ipv6>[^\]]*)\]|(?<host>[^:]*)):(?<port>[^:]*)$/.exec(text)
  if (match?.groups === undefined) return wrong(`is not an address; the forms are ${FORMS}`)
  const { ipv6, host = '', port = '' } = match.groups
  if (!/^\d+$/.test(port) || Number(port) > 65_535) return wrong(`has no port from 0 to 65535 after its last colon`)
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return wrong(`has no IPv6 address in its brackets`)
  if (host !== '' && isIP(host) !== 4 && !HOST_NAME.test(host)) return wrong(`has no host name before its colon`)
  return { ok: true, value: { kind: 'tcp', host: ipv6 ?? (host === '' ? null : host), port: Number(port) } }
}

/** The notation that is read as this address. */
export function writeBinding(binding: Binding): string {
  switch (binding.kind) {
    case 'unix':
      return `unix:${binding.path}`
    case 'fd':
      return `fd://${binding.fd}`
    case 'tcp':
      return binding.host === null ? `:${binding.port}` : joinHostPort(binding.host, binding.port)
  }
}

function readPath(path: string): Read<Binding> {
  if (path === '') return wrong('has no path after unix:')
  return { ok: true, value: { kind: 'unix', path } }
}

function readFd(fd: string): Read<Binding> {
  if (!/^\d+$/.test(fd)) return wrong('has no descriptor number after fd://')
  if (Number(fd) < 3) return wrong('names a standard stream; the first socket that systemd passes on is fd://3')
  return { ok: true, value: { kind: 'fd', fd: Number(fd) } }
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}
