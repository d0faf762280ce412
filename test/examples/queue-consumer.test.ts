import { scryptSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { NOBODY, type Cli } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { Readme } from './readme.ts'

interface Result {
  readonly key: string
  readonly pid: number
}

/** More jobs than the workers can finish before a signal reaches them. */
const PLENTY = 16

it('queue-consumer does every job once, over the SIGTERM of a worker and one of the supervisor', async () => {
  using folder = new Folder()
  const queue = new Queue(folder)
  const readme = await Readme.of('queue-consumer')
  await using first = readme.run({ QUEUE_DIR: queue.path })
  await first.line('serving')
  await queue.fedUntil('two workers have done jobs', () => new Set(queue.results.map(({ pid }) => pid)).size === 2)

  await queue.fedUntil('a job is in hand', () => queue.taken.length > 0)
  const [leaver = NOBODY] = first.workerPids
  process.kill(leaver, 'SIGTERM')
  await first.line('worker-ready', 3)
  await queue.fedUntil('a job is in hand again', () => queue.taken.length > 0)
  first.signal('SIGTERM')
  expect(await first.exit()).toEqual({ code: 0, signal: null })
  expect(queue.taken).toEqual([])
  expect([...queue.waiting, ...queue.done].toSorted()).toEqual(queue.put)

  await using second = readme.run({ QUEUE_DIR: queue.path })
  await until('all jobs are done', () => queue.done.length === queue.put.length)
  second.signal('SIGTERM')
  expect(await second.exit()).toEqual({ code: 0, signal: null })
  expect(queue.taken).toEqual([])
  expect([...jobsOf(first), ...jobsOf(second)].toSorted()).toEqual(queue.put)
  expect(queue.results[0]?.key).toBe(keyFor(queue.put[0] ?? ''))
})

it('queue-consumer puts a job back when there is no time to finish it', async () => {
  using folder = new Folder()
  const queue = new Queue(folder)
  const env = { QUEUE_DIR: queue.path, SUPERVISOR_GRACEFUL_TIMEOUT: '0' }
  await using cli = (await Readme.of('queue-consumer')).run(env)
  await cli.line('serving')
  await queue.fedUntil('a job is in hand', () => queue.taken.length > 0)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(queue.taken).toEqual([])
  expect([...queue.waiting, ...queue.done].toSorted()).toEqual(queue.put)
})

it('queue-consumer answers a job that makes no sense with an error, and goes on', async () => {
  using folder = new Folder()
  const queue = new Queue(folder)
  await using cli = (await Readme.of('queue-consumer')).run({ QUEUE_DIR: queue.path })
  await cli.line('serving')
  queue.add('a.json', null)
  queue.add('b.json', { passphrase: 'open sesame', salt: 'cave' })
  await until('both jobs are done', () => queue.done.length === 2)
  expect(queue.results).toMatchObject([{ error: expect.any(String) }, { key: expect.stringMatching(/^[0-9a-f]{64}$/) }])
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.events('worker-exited')).toHaveLength(2)
})

/** The folder of jobs, seen by those who put them there. */
class Queue {
  /** The names of all jobs that were put there, in order. */
  readonly put: string[] = []
  readonly #folder: Folder

  constructor(folder: Folder) {
    this.#folder = folder
  }

  get path(): string {
    return this.#folder.path
  }

  add(name: string, job: unknown): void {
    renameSync(this.#folder.write(`${name}.tmp`, JSON.stringify(job)), join(this.path, name))
    this.put.push(name)
  }

  /** Waits for a condition, and sees that the workers don't run out of jobs meanwhile, however fast they are. */
  async fedUntil(what: string, look: () => boolean): Promise<void> {
    await until(what, () => {
      while (this.waiting.length < PLENTY) {
        const name = `${String(this.put.length).padStart(3, '0')}.json`
        this.add(name, { passphrase: name, salt: 'salt' })
      }
      return look()
    })
  }

  get waiting(): string[] {
    return readdirSync(this.path).filter((name) => name.endsWith('.json'))
  }

  get taken(): string[] {
    return this.#list('taken')
  }

  get done(): string[] {
    return this.#list('done')
  }

  get results(): Result[] {
    return this.done.map((name) => JSON.parse(readFileSync(join(this.path, 'done', name), 'utf8')) as Result)
  }

  #list(name: string): string[] {
    const path = join(this.path, name)
    return existsSync(path) ? readdirSync(path).toSorted() : []
  }
}

function keyFor(passphrase: string): string {
  return scryptSync(passphrase, 'salt', 32).toString('hex')
}

/** The jobs that the workers of a supervisor say they have done. */
function jobsOf({ stdout }: Cli): string[] {
  return [...stdout.matchAll(/^worker \d did (\S+)$/gm)].map(([, name = '']) => name)
}
