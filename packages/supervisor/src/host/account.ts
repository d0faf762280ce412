import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { SupervisorError } from '../errors.ts'
import type { Rights } from '../protocol/rights.ts'

/** How long a directory on the network may take to answer. */
const ASK_PATIENCE_MS = 5000
/** Where a process is at home whose user the system does not know, as containers have it. */
const NO_HOME = '/'

/** A line of passwd(5). */
interface User {
  readonly id: number
  readonly name: string | null
  readonly group: number | null
  readonly home: string
}

/**
 * Who the workers are to be, by `--user` and `--group`; null where they stay who the supervisor is. Throws a
 * {@link SupervisorError} for somebody who is not known, and where only root could do it. A check by another user than
 * root is made as that user.
 */
export function rightsFor({ user, group }: Pick<Config, 'user' | 'group'>, isCheck: boolean): Rights | null {
  if (user === null && group === null) return null
  const wanted = user === null ? null : findUser(user)
  const groupId = group === null ? null : findGroup(group)
  const own = process.geteuid?.() ?? 0
  if (own !== 0) {
    const isOwn = (wanted?.id ?? own) === own && (groupId ?? process.getegid?.()) === process.getegid?.()
    if (isOwn || isCheck) return null
    throw new SupervisorError(
      'SUPERVISOR_NOT_ROOT',
      `${user === null ? `--group ${group}` : `--user ${user}`}: only root can run workers as somebody else, and this is user ${own}.`,
      'Start the supervisor as root, or as that user and without the option.',
    )
  }
  if (wanted === null || wanted.id === own) return groupId === null ? null : { user: null, group: groupId }
  const { id, name, home } = wanted
  return { user: { id, name, home }, group: groupId ?? wanted.group ?? refuseWithoutGroup(id) }
}

/** Whether workers run as root without anybody having said so. */
export function areUnaskedRoot({ user }: Pick<Config, 'user'>): boolean {
  return user === null && process.geteuid?.() === 0
}

function findUser(wanted: string): User {
  const [name, , id, group, , home] = lookUp('passwd', wanted) ?? []
  if (name !== undefined) return { id: Number(id), name, group: Number(group), home: home || NO_HOME }
  if (isNumber(wanted)) return { id: Number(wanted), name: null, group: null, home: NO_HOME }
  throw unknown('user', wanted)
}

function findGroup(wanted: string): number {
  const [, , id] = lookUp('group', wanted) ?? []
  if (id !== undefined) return Number(id)
  if (isNumber(wanted)) return Number(wanted)
  throw unknown('group', wanted)
}

/**
 * The line of passwd(5) or group(5) for a name or a number. Node can look a user up only while it takes its place, and
 * tells neither group nor home of anybody else. The files have what most need, in images without a shell too; accounts
 * that are kept elsewhere (LDAP, systemd) are known to getent(1), which answers in the same form.
 */
function lookUp(database: 'passwd' | 'group', wanted: string): readonly string[] | null {
  return findLine(readFile(`/etc/${database}`), wanted) ?? findLine(ask(database, wanted), wanted)
}

/** A name that consists of digits comes before the number, as in chown(1). */
function findLine(text: string, wanted: string): readonly string[] | null {
  const lines = text.split('\n').map((line) => line.split(':'))
  const entries = lines.filter(([, , id = '']) => isNumber(id))
  return (
    entries.find(([name]) => name === wanted) ??
    entries.find(([, , id]) => isNumber(wanted) && Number(id) === Number(wanted)) ??
    null
  )
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function ask(database: string, wanted: string): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('getent', [database, wanted], { encoding: 'utf8', stdio: [...stdio], timeout: ASK_PATIENCE_MS })
  } catch {
    // Not there, or it knows nobody of that name.
    return ''
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function refuseWithoutGroup(id: number): never {
  throw new SupervisorError(
    'SUPERVISOR_USER_UNKNOWN',
    `--user ${id}: the system knows no user with that number, and so no group.`,
    'Name the group too, by --group.',
  )
}

function unknown(kind: 'user' | 'group', wanted: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_USER_UNKNOWN',
    `--${kind} ${wanted}: there is no such ${kind}.`,
    `Look for it with getent ${kind === 'user' ? 'passwd' : 'group'}, or make it with ${kind}add.`,
  )
}
