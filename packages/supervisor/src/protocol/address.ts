import type { ListenQuery } from './messages.ts'

/** An address that was asked for, as a person would write it. */
export function describeAddress({ addressType, address, port, fd }: ListenQuery): string {
  if (addressType === -1) return `unix:${address}`
  if (fd !== null && fd >= 0) return `fd://${fd}`
  return joinHostPort(address ?? '::', port)
}

export function joinHostPort(host: string, port: number | null | undefined): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
