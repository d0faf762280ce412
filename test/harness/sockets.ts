import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The sockets of which two processes have copies. */
export function sharedSockets(one: number, other: number): string[] {
  const first = socketsOf(one)
  return socketsOf(other).filter((socket) => first.includes(socket))
}

/** The children of a process that have copies of its sockets. */
export function heirsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.map(Number).filter((child) => sharedSockets(pid, child).length > 0)
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return listOf(folder).filter((target) => target.startsWith('socket:'))
}

/** A process may end, and a descriptor may be closed, while it is looked at. */
function listOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => targetOf(`${folder}/${name}`))
  } catch {
    return []
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
