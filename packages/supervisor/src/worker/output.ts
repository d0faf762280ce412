import { fstatSync } from 'node:fs'

interface Blockable {
  readonly _handle?: { readonly setBlocking?: (on: boolean) => number }
}

const FDS = { stdout: 1, stderr: 2 } as const

/**
 * Makes sure that what the app has printed is out before it exits or is killed.
 *
 * Writes to a pipe or a socket that is read slowly are buffered by Node and lost when the process ends (of 1 MB, 65 kB
 * arrived). So they block, as those to files and terminals do anyway: a reader that stops reading stops an app that
 * goes on printing. The handle's `setBlocking` is not public; without it output is as safe as in plain Node.
 */
export function secureOutput(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // As bigints: Node's module loader reads the memory that other results are left in, and takes links for no links.
    const kind = fstatSync(FDS[name], { bigint: true })
    // The stream itself is made by Node when it is first asked for: where there is nothing to do, that is the app's.
    if (!kind.isFIFO() && !kind.isSocket()) continue
    const stream = process[name]
    ;(stream as Blockable)._handle?.setBlocking?.(true)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A log reader that went away (`| head -1`) is no reason to stop serving.
      if (error.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error
    })
  }
}
