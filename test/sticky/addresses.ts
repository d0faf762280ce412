import { ownerOf } from '../../packages/supervisor/src/protocol/rendezvous.ts'
import type { Cli } from '../harness/cli.ts'
import { until } from '../harness/until.ts'
import { Project } from '../frameworks/project.ts'
import { exporting, origin, type Origin } from '../promises/release.ts'

/** On Linux a client may call from any address of this network. */
export const ADDRESSES: readonly string[] = Array.from({ length: 20 }, (_, at) => `127.0.0.${at + 1}`)

/** The addresses that belong to a place when these places are taken. */
export function addressesOf(index: number, places: readonly number[]): string[] {
  return ADDRESSES.filter((address) => ownerOf(address, places) === index)
}

export function places(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Who answers an address, over a connection of its own. */
export function callFrom(localAddress: string, port: number, patienceMs = 20_000): Promise<Origin> {
  return origin({ port, localAddress, patienceMs })
}

/** How the places of those who answer each address differ from what they should be: nothing, if all is well. */
export async function misplaced(port: number, taken: readonly number[], times = 5): Promise<string[]> {
  const calls = ADDRESSES.flatMap((address) =>
    Array.from({ length: times }, async () => {
      const { index } = await callFrom(address, port)
      const expected = ownerOf(address, taken)
      return index === expected ? [] : [`${address} was answered by ${index} instead of ${expected}`]
    }),
  )
  return (await Promise.all(calls)).flat()
}

/** Waits until all workers know who takes connections in, and each address has its owner. */
export async function settled(port: number, taken: readonly number[]): Promise<void> {
  await until('each address is answered by its owner', async () => (await misplaced(port, taken, 2)).length === 0)
}

/** An app that says who answers, in a folder of its own, served by so many workers. */
export class StickyApp implements AsyncDisposable {
  readonly project: Project
  readonly cli: Cli

  private constructor(project: Project, cli: Cli) {
    this.project = project
    this.cli = cli
  }

  static async serving(workers: number, args: readonly string[] = [], more = ''): Promise<StickyApp> {
    const project = new Project({ 'app.mjs': exporting('v1', more) })
    const all = ['--workers', String(workers), '--sticky', 'ip', '--bind', '127.0.0.1:0', ...args, 'app.mjs']
    const cli = await project.serving(all)
    await settled(cli.port, places(workers))
    return new StickyApp(project, cli)
  }

  get port(): number {
    return this.cli.port
  }

  /** The process of the worker that has this place now. */
  pidAt(index: number): number {
    const line = this.cli.events('worker-ready').findLast(({ index: place }) => place === index)
    return line?.workerPid ?? Number.NaN
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cli[Symbol.asyncDispose]()
    this.project[Symbol.dispose]()
  }
}
