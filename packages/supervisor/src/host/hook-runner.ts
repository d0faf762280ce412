import { inspect } from 'node:util'
import type { HookName, Hooks } from '../config/hooks.ts'
import type { ErrorSummary } from '../core/failure.ts'

/** A hook in the supervisor; `postFork` runs in the worker. */
type OwnHook = Exclude<HookName, 'postFork'>

/** Runs the hooks of a config file, one after the other, and waits for each, but not for ever. */
export class HookRunner {
  #hooks: Hooks = {}
  #patienceMs = 0
  #exitPatienceMs = 0
  #last: Promise<unknown> = Promise.resolve()

  /** `exitPatienceMs` is for `onExit`: a hook that hangs must not keep a stop from ending. */
  constructor(hooks: Hooks, patienceMs: number, exitPatienceMs: number) {
    this.replace(hooks, patienceMs, exitPatienceMs)
  }

  /** Calls other hooks from now on. */
  replace(hooks: Hooks, patienceMs: number, exitPatienceMs: number): void {
    this.#hooks = hooks
    this.#patienceMs = patienceMs
    this.#exitPatienceMs = exitPatienceMs
  }

  has(name: OwnHook): boolean {
    return this.#hooks[name] !== undefined
  }

  /** Runs a hook after those that were asked for before. Rejects with what it throws, or when it takes too long. */
  run<Name extends OwnHook>(name: Name, ...values: Parameters<NonNullable<Hooks[Name]>>): Promise<void> {
    const patienceMs = this.#patienceFor(name)
    const turn = name === 'onExit' ? within(patienceMs, this.#last).catch(() => {}) : this.#last
    const result = turn.then(() => within(patienceMs, this.#runNow(name, values)))
    this.#last = result.catch(() => {})
    return result
  }

  /** Runs a hook, if there is one. Returns what it has thrown. */
  async attempt(...[name, ...values]: Parameters<HookRunner['run']>): Promise<ErrorSummary | null> {
    if (!this.has(name)) return null
    try {
      await this.run(name, ...values)
      return null
    } catch (thrown) {
      const { name: kind, message, stack } = thrown as Error
      return { name: kind, message, stack }
    }
  }

  #patienceFor(name: OwnHook): number {
    switch (name) {
      case 'onExit':
        return this.#exitPatienceMs
      case 'preFork':
        // The deadline of the boot that it is a part of would tell less.
        return this.#patienceMs * 0.9
      default:
        return this.#patienceMs
    }
  }

  async #runNow(name: OwnHook, values: readonly unknown[]): Promise<void> {
    const hook = this.#hooks[name] as ((...values: readonly unknown[]) => unknown) | undefined
    try {
      await hook?.(...values)
    } catch (thrown) {
      // Anything can be thrown; what is told has a name and a message.
      throw thrown instanceof Error ? thrown : new Error(`threw ${inspect(thrown)}`)
    }
  }
}

async function within(patienceMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const text = `did not return within ${patienceMs / 1000} s`
    timer = setTimeout(() => reject(new Error(text)), patienceMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
