import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { it } from 'vitest'
import { SUPERVISOR } from './cli.ts'
import { Folder } from './folder.ts'

/** A user whom only the processes of a test know, in one group more than their own. */
export const APP_USER = { name: 'prefork-app', id: 4242, group: 4243, extra: 4244, home: '/srv/prefork-app' } as const
export const OTHER_USER = { name: 'prefork-other', id: 4252, group: 4253, home: '/srv/prefork-other' } as const
/** A group that neither of them is in. */
export const OTHER_GROUP = { name: 'prefork-group', id: 4254 } as const

const PASSWD = [APP_USER, OTHER_USER].map(({ name, id, group, home }) => `${name}:x:${id}:${group}::${home}:/bin/false`)
const GROUPS = [
  `${APP_USER.name}:x:${APP_USER.group}:`,
  `prefork-extra:x:${APP_USER.extra}:${APP_USER.name}`,
  `${OTHER_USER.name}:x:${OTHER_USER.group}:`,
  `${OTHER_GROUP.name}:x:${OTHER_GROUP.id}:`,
]
/** In a view of the file system that ends with the process. */
const MOUNT = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'

/** A folder that everybody may look into, and a system in which the users above are known. */
export class Accounts extends Folder {
  constructor() {
    super()
    chmodSync(this.path, 0o755)
    this.write('passwd', `${readFileSync('/etc/passwd', 'utf8').trimEnd()}\n${PASSWD.join('\n')}\n`)
    this.write('group', `${readFileSync('/etc/group', 'utf8').trimEnd()}\n${GROUPS.join('\n')}\n`)
  }

  /** Runs a program there, by default the supervisor. */
  command(program: readonly string[] = [process.execPath, SUPERVISOR]): string[] {
    return ['unshare', '--mount', 'sh', '-c', MOUNT, this.path, ...program]
  }
}

export const isRoot: boolean = process.getuid?.() === 0

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A test that only root can make: skipped by name for others, but not where all tests must run. */
export function itAsRoot(promise: string, test: () => Promise<void>): void {
  if ((isRoot && mayMount()) || process.env['CI'] === 'true') it(promise, test)
  else it.skip(`${promise} (needs root, and unshare)`, test)
}

/** Runs a program as somebody who is nobody, where the tests run as root. */
export function asNobody(program: readonly string[] = [process.execPath, SUPERVISOR]): string[] {
  const change = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']
  return isRoot ? [...change, ...program] : [...program]
}

/** A port below 1024 of 127.0.0.1 that nobody has at this moment. */
export async function freeLowPort(): Promise<number> {
  for (let port = 1023; port > 600; port--) if (await isFree(port)) return port
  throw new Error('no port below 1024 is free')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
