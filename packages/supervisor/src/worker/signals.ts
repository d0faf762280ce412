/**
 * Signals that end a process. A terminal (Ctrl-C, hang-up) and systemd send them to the whole process group, so that
 * they reach a worker in the middle of its requests; when it leaves is the supervisor's decision.
 */
const HELD: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

/**
 * Keeps signals from the app until the worker has drained.
 *
 * Listeners alone would not do: the app's own ones would still be called. Node binds `process.emit` when the first
 * listener for a signal comes, which is why this runs before any code of the app. What the app emits itself, without
 * a signal number, passes.
 */
export function holdSignals(onSignal: (signal: string) => void): void {
  const emit = process.emit
  const held = (name: string | symbol, ...values: unknown[]): boolean => {
    if (!HELD.includes(String(name)) || typeof values[1] !== 'number')
      return Reflect.apply(emit, process, [name, ...values])
    onSignal(String(name))
    return true
  }
  process.emit = held as typeof process.emit
  for (const signal of HELD) process.on(signal, ignore)
  // An app that removes all listeners means its own: without ours the signal would end the process at once.
  process.on('removeListener', (name, listener) => {
    if (listener === ignore) process.on(name, ignore)
  })
}

/** Lets the app run its own SIGTERM listeners, after the drain. Returns whether it has any. */
export function runTermListeners(): boolean {
  const listeners = process.listeners('SIGTERM').filter((listener) => listener !== ignore)
  process.emit('SIGTERM', 'SIGTERM')
  return listeners.length > 0
}

function ignore(): void {}
