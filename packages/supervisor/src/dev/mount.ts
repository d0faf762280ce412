import { readFileSync } from 'node:fs'
import { withSeparator } from './git-rules.ts'

/** File systems whose changes are made elsewhere, so that this kernel has no event for them. */
const SILENT =
  /^(9p|drvfs|vboxsf|virtiofs|fakeowner|osxfs|prl_fs|vmhgfs|nfs4?|cifs|smb3?|smbfs|ceph|fuse\.(grpcfuse|osxfs|sshfs|vmhgfs-fuse|prl_fsd|rclone|gcsfuse|s3fs))$/

/** The type of the file system that `folder` is on, if it is one where events are likely not to arrive. */
export function silentFileSystem(folder: string, mountinfo: string = readMounts()): string | null {
  let longest = ''
  let type = ''
  for (const line of mountinfo.split('\n')) {
    const [mount, source] = line.split(' - ')
    const point = unescaped(mount?.split(' ')[4] ?? '')
    if (point === '' || !withSeparator(folder).startsWith(withSeparator(point))) continue
    // Of two mounts in one place, the later covers the earlier.
    if (point.length < longest.length) continue
    longest = point
    type = source?.split(' ')[0] ?? ''
  }
  return SILENT.test(type) ? type : null
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}

/** Blanks and the like are written as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)))
}
