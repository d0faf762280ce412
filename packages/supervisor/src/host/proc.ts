import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What proc(5) tells of a process. */
export interface ProcessStatus {
  /** `stopped` by a signal, or `traced`: halted by a debugger for native code. */
  readonly state: 'alive' | 'stopped' | 'traced' | 'ended'
  /** Whether it has a handler for SIGUSR1, which it would otherwise die of. */
  readonly catchesUsr1: boolean
  /** The user whose rights it has. */
  readonly user: number
}

export interface TcpSocket {
  readonly inode: string
  /** Whose it is. */
  readonly user: number
  readonly isListening: boolean
  readonly host: string
  readonly port: number
  readonly remotePort: number
}

/** Descriptors that are looked at before others get their turn; an app may have tens of thousands. */
const LINKS_AT_ONCE = 500
/** SIGUSR1 is signal 10, so that its bit is the tenth. */
const USR1_BIT = 0x200n
/** Linux counts hundredths of a second for programs, whatever it counts for itself. */
const MS_PER_TICK = 10
const LISTEN = '0A'
const ESTABLISHED = '01'

export async function statusOf(pid: number): Promise<ProcessStatus> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(text)?.[1] ?? '0'}`)
  const user = Number(/^Uid:\s*\d+\s+(\d+)/m.exec(text)?.[1])
  return { state: stateOf(/^State:\s*(\w)/m.exec(text)?.[1] ?? ''), catchesUsr1: (caught & USR1_BIT) !== 0n, user }
}

/** Whether a process can go on: it has neither ended nor been stopped. Without /proc only the former is known. */
export function canGoOn(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stateOf(stat[stat.lastIndexOf(')') + 2] ?? '') === 'alive'
  } catch {
    return true
  }
}

function stateOf(letter: string): ProcessStatus['state'] {
  if (letter === 'T') return 'stopped'
  if (letter === 't') return 'traced'
  return letter === 'Z' || letter === 'X' ? 'ended' : 'alive'
}

/** How the process's main thread fares: whether it runs, or would if it were let, and for how long it has run. */
export async function mainThreadOf(pid: number): Promise<{ readonly isRunnable: boolean; readonly cpuMs: number }> {
  const stat = await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8')
  // The name before it, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { isRunnable: fields[0] === 'R', cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
}

/** The inodes of a process's sockets; null where this process may not see them. */
export async function socketsOf(pid: number | 'self'): Promise<Set<string> | null> {
  const found = new Set<string>()
  for (const [index, fd] of (await readdir(`/proc/${pid}/fd`)).entries()) {
    if (index % LINKS_AT_ONCE === LINKS_AT_ONCE - 1) await nextTurn()
    const inode = socketInode(`/proc/${pid}/fd/${fd}`)
    if (inode === DENIED) return null
    if (inode !== null) found.add(inode)
  }
  return found
}

const DENIED: unique symbol = Symbol('denied')

function socketInode(link: string): string | typeof DENIED | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1] ?? null
  } catch (error) {
    // Else it was closed since it was listed.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? DENIED : null
  }
}

/** All TCP sockets that listen or are connected in the network that a process is in. */
export async function tcpSockets(pid: number): Promise<TcpSocket[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readTable(`/proc/${pid}/net/${table}`)))
  return tables.flat()
}

async function readTable(path: string): Promise<TcpSocket[]> {
  // Without IPv6 there is no tcp6.
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').slice(1).flatMap(parseRow)
}

/** `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...` */
function parseRow(row: string): TcpSocket[] {
  const [, local = '', remote = '', state, , , , user, , inode = ''] = row.trim().split(/\s+/)
  if (state !== LISTEN && state !== ESTABLISHED) return []
  const [address = '', port = ''] = local.split(':')
  return [
    {
      inode,
      user: Number(user),
      isListening: state === LISTEN,
      host: hostOf(address),
      port: Number.parseInt(port, 16),
      remotePort: Number.parseInt(remote.split(':')[1] ?? '', 16),
    },
  ]
}

/** How to reach an address of this machine that proc(5) has written, word by word in the machine's byte order. */
function hostOf(hex: string): string {
  if (/^0+$/.test(hex)) return hex.length === 8 ? '127.0.0.1' : '::1'
  const bytes = Buffer.from(hex, 'hex')
  const ordered = isLittleEndian() ? bytes.swap32() : bytes
  if (ordered.length === 4) return ordered.join('.')
  return (ordered.toString('hex').match(/.{4}/g) ?? []).join(':')
}

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
}
