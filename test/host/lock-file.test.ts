import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { holderOf, takeLock } from '../../packages/supervisor/src/host/lock-file.ts'
import { NOBODY } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { within } from '../harness/until.ts'

/** What happens right after a lock has been read for the first time. */
let afterReading: { readonly lock: string; readonly run: () => void } | null = null

vi.mock(import('node:fs'), async (load) => {
  const real = await load()
  const readFileSync = ((...args: Parameters<typeof real.readFileSync>) => {
    const text = real.readFileSync(...args)
    if (afterReading?.lock === args[0]) {
      const { run } = afterReading
      afterReading = null
      run()
    }
    return text
  }) as typeof real.readFileSync
  return { ...real, readFileSync }
})

afterEach(() => {
  afterReading = null
})

/** A lock that a killed process has left behind. */
async function leaveLock(folder: Folder): Promise<string> {
  const child = spawn(process.execPath, ['-e', ''])
  await within('the process has ended', once(child, 'exit'))
  return folder.write('lock', `${child.pid ?? NOBODY} 1\n`)
}

/** The lock of a process that lives: that this one was started by. */
function lockOfParent(): string {
  const stat = fs.readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return `${process.ppid} ${started}\n`
}

it('takes a stale lock, and leaves nothing else behind', async () => {
  using folder = new Folder()
  const lock = await leaveLock(folder)
  expect(takeLock(lock)).toBe(null)
  expect(holderOf(lock)).toBe(process.pid)
  expect(fs.readdirSync(folder.path)).toEqual(['lock'])
})

it('does not take a lock that another start has taken since it was found stale', async () => {
  using folder = new Folder()
  const lock = await leaveLock(folder)
  const run = (): void => {
    fs.rmSync(lock)
    fs.writeFileSync(lock, lockOfParent())
  }
  afterReading = { lock, run }
  expect(takeLock(lock)).toBe('EADDRINUSE')
  expect(afterReading).toBe(null)
  expect(holderOf(lock)).toBe(process.ppid)
  expect(fs.readdirSync(folder.path)).toEqual(['lock'])
})

it('takes a lock that was removed since it was found stale', async () => {
  using folder = new Folder()
  const lock = await leaveLock(folder)
  afterReading = { lock, run: () => fs.rmSync(lock) }
  expect(takeLock(lock)).toBe(null)
  expect(holderOf(lock)).toBe(process.pid)
  expect(fs.readdirSync(folder.path)).toEqual(['lock'])
})
