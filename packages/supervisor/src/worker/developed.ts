import type { Development } from '../protocol/orders.ts'
import type { Control } from './control.ts'
import { filesReadUntil } from './loaded-files.ts'
import { loadedModules } from './loaded-modules.ts'

/** What a worker does in development alone. */
export class Developed {
  readonly #control: Control
  /** What was set before the app began to load. */
  readonly #environment: NodeJS.ProcessEnv = { ...process.env }
  #stopListening: () => void = () => {}
  #isLeaving = false

  constructor(control: Control) {
    this.#control = control
  }

  /** Returns when a debugger may see all of the app. */
  async begin({ inspect }: Development): Promise<void> {
    if (inspect === null) return
    const { listenForDebuggers, stopListeningForDebuggers } = await import('./debugging.ts')
    this.#stopListening = stopListeningForDebuggers
    await listenForDebuggers(inspect, this.#control, () => this.#isLeaving)
  }

  /** The next worker may have the debugger's port. */
  leave(): void {
    this.#isLeaving = true
    this.#stopListening()
  }

  /** Tells what the app has read by now, which it may not have got over. */
  tellFiles(stack: string = ''): void {
    this.#control.send({ type: 'files', files: filesReadUntil(stack) })
  }

  tellModules(exclude: readonly string[]): void {
    this.#control.send({ type: 'modules', ...loadedModules(exclude, this.#environment) })
  }
}
