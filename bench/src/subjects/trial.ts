import { Load } from '../load/load.ts'
import type { Demand, LoadResult, Mode } from '../load/messages.ts'
import { ask } from '../measure/answers.ts'
import { freePort } from '../measure/free-port.ts'
import { childrenOf, isSpare } from '../measure/processes.ts'
import { until } from '../measure/until.ts'
import { WORKERS, type Contender, type Service } from './subject.ts'

/** Requests before anything is done to the contender, so that it has warmed up. */
const WARM_UP_REQUESTS = 1000
const LOG_SHOWN = 2000

/** Starts a contender, puts it under load, and has something done to it. */
export async function trial<Done>(
  contender: Contender,
  mode: Mode,
  demand: Demand,
  act: (service: Service, load: Load) => Promise<Done>,
): Promise<{ readonly done: Done; readonly result: LoadResult }> {
  const port = await freePort()
  await using service = await contender.start(port)
  try {
    await until('it answers', () => isAnswering(port))
    await settledWorkers(service)
    using load = new Load(port, mode, demand)
    await load.requests(WARM_UP_REQUESTS)
    const done = await act(service, load)
    return { done, result: await load.stop() }
  } catch (error) {
    throw new Error(
      `${contender.name} could not be measured, ${mode}. ${String(error)}\nIts log ends with:\n${service.log.slice(-LOG_SHOWN)}`,
      {
        cause: error,
      },
    )
  }
}

/** The workers, as soon as they are as many as they should be, and `gone` no longer among them. */
export async function settledWorkers(service: Service, gone: readonly number[] = []): Promise<readonly number[]> {
  let workers: readonly number[] = []
  await until(`${WORKERS} workers, none of them an old one`, () => {
    workers = childrenOf(service.pid).filter((child) => !isSpare(child))
    return workers.length === WORKERS && !workers.some((pid) => gone.includes(pid))
  })
  return workers
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    return (await ask(port, '/')) > 0
  } catch {
    return false
  }
}
