import { readdirSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { itNeeds } from '../cli/needs.ts'
import { Cli, fixture, isAlive, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { execFileSync } from 'node:child_process'

/** Leaves a process no more descriptors than it has, or gives it room again. */
function limit(pid: number, descriptors: number): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${descriptors}:`])
}

/** The lowest descriptor that is free: nothing below it is to be had. */
function lowestFree(pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let fd = 0
  while (open.has(fd)) fd++
  return fd
}

describe('a supervisor that has no descriptor left', () => {
  itNeeds(['prlimit'], 'says that it can not fork, tries again, and serves on with the workers it has', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--spares', '0', fixture('hello.mjs')])
    limit(cli.pid, lowestFree(cli.pid))
    const [first = NOBODY, second = NOBODY] = cli.workerPids
    process.kill(first, 'SIGKILL')
    const { msg } = await cli.line('worker-boot-failed', 2)
    expect(msg).toMatch(/could not be forked: .*EMFILE/)
    expect(isAlive(second)).toBe(true)
    expect((await ask({ port: cli.port })).status).toBe(200)
    limit(cli.pid, 1024)
    await cli.line('worker-ready', 3)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toMatchObject({ code: 0 })
    expect(cli.stderr).toBe('')
  })

  itNeeds(['prlimit'], 'fails the reload, and nothing else', async () => {
    using folder = new Folder()
    const config = folder.write('supervisor.config.mjs', 'export default { workers: 1, spares: 0 }')
    await using cli = await Cli.serving(['--config', config, fixture('hello.mjs')])
    // The first one loads what a reload needs.
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    limit(cli.pid, lowestFree(cli.pid))
    cli.signal('SIGHUP')
    const { msg } = await cli.line('reload-failed')
    expect(msg).toMatch(/EMFILE/)
    expect((await ask({ port: cli.port })).status).toBe(200)
    limit(cli.pid, 1024)
    cli.signal('SIGHUP')
    await cli.line('reloaded', 2)
  })
})
