import { describe, expect, it } from 'vitest'
import { silentFileSystem } from '../../packages/supervisor/src/dev/mount.ts'

const MOUNTS = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '40 22 0:30 / /app rw - fuse.grpcfuse grpcfuse rw',
  '41 40 0:31 / /app/local rw - overlay overlay rw',
  '42 22 0:32 / /mnt/c rw,noatime - 9p drvfs rw,aname=drvfs',
  '43 22 0:33 / /with\\040blank rw master:1 propagate_from:2 - nfs4 server:/x rw',
  '44 22 0:34 / /twice rw - virtiofs a rw',
  '45 44 0:35 / /twice rw - tmpfs b rw',
].join('\n')

describe('a file system whose events do not arrive', () => {
  it.each([
    ['/home/me', null],
    ['/app', 'fuse.grpcfuse'],
    ['/app/src', 'fuse.grpcfuse'],
    ['/application', null],
    ['/app/local/x', null],
    ['/mnt/c/Users/me', '9p'],
    ['/with blank/x', 'nfs4'],
    ['/twice', null],
  ])('%s: %s', (folder, type) => expect(silentFileSystem(folder, MOUNTS)).toBe(type))

  it('is none where the system does not tell', () => expect(silentFileSystem('/app', '')).toBeNull())
})
