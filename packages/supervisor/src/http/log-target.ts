const { constants, fstatSync, openSync } = process.getBuiltinModule('node:fs')
const { isatty } = process.getBuiltinModule('node:tty')

const STDOUT = 1
/** Lines tell of requests: nobody but the owner and the group has to read them. */
const MODE = 0o640
/** Without O_NONBLOCK the opening of a named pipe would wait for its reader. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY

/** Something that is open to be written to. */
export interface LogTarget {
  readonly fd: number
  /** Makes sure that a write returns at once, with an error where it would block. Null: it is left to a thread. */
  readonly unblock: (() => boolean) | null
  /** What is written at once is not mixed with what others write, up to this length. */
  readonly mostWhole: number
}

/** What pipe(7) promises, on Linux. */
const PIPE_BUF = 4096
/** A file takes any length, and it is added to the end. */
const LOT = 65_536

/** Opens a file to add lines to. */
export function openTarget(path: string): LogTarget {
  const fd = openSync(path, FLAGS, MODE)
  const isFile = fstatSync(fd, { bigint: true }).isFile()
  // The flag means nothing to a file: a disk may take its time.
  return { fd, mostWhole: isFile ? LOT : PIPE_BUF, unblock: isFile ? null : () => true }
}

/**
 * Standard output, where the app's own output goes too. Its writes block (see worker/process.ts), and whether they do is
 * a property of the open pipe or terminal, which all processes share: so it is opened a second time. A socket can't be,
 * and is told before each write.
 */
export function openStdout(unblock: () => boolean): LogTarget {
  const kind = fstatSync(STDOUT, { bigint: true })
  if (kind.isFile()) return { fd: STDOUT, mostWhole: LOT, unblock: null }
  try {
    if (!kind.isSocket()) return openTarget(`/proc/self/fd/${STDOUT}`)
  } catch {
    // Not Linux, or a sandbox without /proc.
  }
  return { fd: STDOUT, mostWhole: PIPE_BUF, unblock: unblock() ? unblock : null }
}

export function isTerminal({ fd }: LogTarget): boolean {
  return isatty(fd)
}
