import { expect, it } from 'vitest'
import { DevTools, targetAt } from '../../packages/supervisor/src/host/devtools.ts'
import { NOBODY, type Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { Project } from '../frameworks/project.ts'

const APP = 'app.mjs'
/** Apps that export could be taken for ones that listen, if the search for a port counted as a server of theirs. */
const SOURCE = `
import { version } from './version.mjs'
export default (request, response) => response.end(version + ' ' + process.pid)
`
const PATIENCE_MS = 10_000

class Debugged extends Project {
  constructor() {
    super({ [APP]: SOURCE })
    this.save(0)
  }

  save(version: number): void {
    this.write('version.mjs', `export const version = 'v${version}'\n`)
  }

  develop(nodeArgs: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Cli> {
    const inspect = nodeArgs === '' ? [] : [`--node-args=${nodeArgs}`]
    return this.serving(['--reload', ...inspect, ...args, '--bind', '127.0.0.1:0', APP], { env })
  }
}

/** The processes that have answered by a version, when all of `count` have. */
async function serving({ port }: Cli, version: number, count = 1): Promise<Set<number>> {
  const pids = new Set<number>()
  await until(`v${version} is served by ${count}`, async () => {
    const [body = '', pid] = (await ask({ port })).body.split(' ')
    if (body === `v${version}`) pids.add(Number(pid))
    return pids.size === count
  })
  return pids
}

function portsOf(cli: Cli): number[] {
  return cli.events('inspector-open').map(({ address }) => Number(String(address).split(':').at(-1)))
}

async function attach(port: number): Promise<DevTools> {
  const target = await until(`a debugger can connect to ${port}`, () => targetAt('127.0.0.1', port, PATIENCE_MS))
  return DevTools.open(target, PATIENCE_MS)
}

/** Which process a debugger gets at a port. */
async function pidAt(port: number): Promise<number> {
  using tools = await attach(port)
  const { result } = (await tools.call('Runtime.evaluate', { expression: 'process.pid' })) as {
    readonly result: { readonly value: number }
  }
  return result.value
}

it.each([
  ['a port that is named', true],
  ['any port that is free', false],
])('debuggers find the worker that serves at the same port after each reload: %s', async (_what, isNamed) => {
  using project = new Debugged()
  const named = isNamed ? await freePort() : 0
  await using cli = await project.develop(`--inspect=${named}`)
  await cli.line('inspector-open')
  const [port = 0] = portsOf(cli)
  if (isNamed) expect(port).toBe(named)
  for (let version = 0; version <= 5; version++) {
    if (version > 0) project.save(version)
    const pids = await serving(cli, version)
    expect(pids).toContain(await pidAt(port))
  }
  expect(portsOf(cli)).toEqual([port])
  expect(cli.events('warning')).toEqual([])
  expect(cli.events('worker-warning')).toEqual([])
})

it('every worker has a port of its own', async () => {
  using project = new Debugged()
  await using cli = await project.develop('--inspect=0', ['--workers', '2'])
  await cli.line('inspector-open', 2)
  const ports = portsOf(cli)
  for (let version = 0; version <= 2; version++) {
    if (version > 0) project.save(version)
    const pids = await serving(cli, version, 2)
    expect(new Set(await Promise.all(ports.map(pidAt)))).toEqual(pids)
  }
  expect(portsOf(cli)).toEqual(ports)
})

it('NODE_OPTIONS ask for it as well', async () => {
  using project = new Debugged()
  await using cli = await project.develop('', [], { NODE_OPTIONS: '--inspect=127.0.0.1:0 --no-warnings' })
  await cli.line('inspector-open')
  const ports = portsOf(cli)
  for (let version = 0; version <= 2; version++) {
    if (version > 0) project.save(version)
    expect(await serving(cli, version)).toContain(await pidAt(ports[0] ?? 0))
  }
  expect(portsOf(cli)).toEqual(ports)
  // Of the supervisor's own alone: neither a worker nor a spare has had one that Node opens.
  expect(cli.stderr.match(/Debugger listening/g)).toHaveLength(1)
})

it('a worker that is halted in a debugger holds no reload up, and the next one has its port in the end', async () => {
  using project = new Debugged()
  await using cli = await project.develop('--inspect=0', ['--graceful-timeout', '1', '--kill-timeout', '1'])
  await cli.line('inspector-open')
  const [port = 0] = portsOf(cli)
  const [old] = await serving(cli, 0)
  using tools = await attach(port)
  await tools.call('Debugger.enable')
  const halted = tools.next('Debugger.paused')
  void tools.call('Runtime.evaluate', { expression: 'setTimeout(() => { debugger }, 0)' }).catch(() => {})
  await halted
  project.save(1)
  const pids = await serving(cli, 1)
  expect(pids).not.toContain(old)
  const isTold = (): boolean => cli.events('worker-warning').some(({ code }) => code === 'SUPERVISOR_INSPECTOR')
  await until('it is told that the port is taken', isTold)
  // The old one may end in the middle of its answer.
  await until('the new one has the port', async () => pids.has(await pidAt(port).catch(() => NOBODY)))
})

it('a debugger that is attached holds no reload up', async () => {
  using project = new Debugged()
  await using cli = await project.develop('--inspect=0', ['--graceful-timeout', '60'])
  await cli.line('inspector-open')
  const [port = 0] = portsOf(cli)
  using tools = await attach(port)
  await tools.call('Debugger.enable')
  project.save(1)
  const pids = await serving(cli, 1)
  // The old one may end in the middle of its answer.
  await until('the new one has the port', async () => pids.has(await pidAt(port).catch(() => NOBODY)))
  expect(cli.events('worker-killed')).toEqual([])
})
