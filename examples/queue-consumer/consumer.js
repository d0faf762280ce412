import { scrypt } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { worker } from '@prefork/supervisor/worker'

const LOOK_EVERY_MS = 200
const derive = promisify(scrypt)

const queue = process.env.QUEUE_DIR ?? 'queue'
const taken = join(queue, 'taken')
const done = join(queue, 'done')
for (const folder of [taken, done]) mkdirSync(folder, { recursive: true })

const leaving = new AbortController()
/** The file of the job that is being done. */
let inHand = null

const finished = consume()
// The worker leaves once this has settled: the job in hand is finished, and no other one is begun.
worker.onDrain(() => {
  leaving.abort()
  return finished
})
worker.onShutdown(() => console.log(`worker ${worker.index} leaves`))
// When there was no time to finish it, the job goes back. One that made its worker crash does not: it would do so again.
process.on('exit', (code) => {
  if (inHand !== null && code === 0) renameSync(join(taken, inHand), join(queue, inHand))
})
void worker.ready()

async function consume() {
  while (!leaving.signal.aborted) {
    inHand = take()
    if (inHand === null) await pause(LOOK_EVERY_MS, undefined, { signal: leaving.signal }).catch(() => {})
    else finish(await work(readFileSync(join(taken, inHand), 'utf8')))
  }
}

/** Takes a job out of the queue. Of several workers only one can move the file; the others go on to the next. */
function take() {
  for (const name of readdirSync(queue).filter((each) => each.endsWith('.json'))) {
    try {
      renameSync(join(queue, name), join(taken, name))
      return name
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  return null
}

/** Derives a key from a passphrase, which is slow on purpose. */
async function work(job) {
  try {
    const { passphrase, salt } = JSON.parse(job)
    const key = await derive(passphrase, salt, 32)
    return { key: key.toString('hex') }
  } catch (error) {
    return { error: error.message }
  }
}

/** Moves the result to its place in one step, so that nobody reads half of it. */
function finish(result) {
  const draft = join(taken, `${inHand}.result`)
  writeFileSync(draft, `${JSON.stringify({ ...result, worker: worker.index, pid: process.pid })}\n`)
  renameSync(draft, join(done, inHand))
  rmSync(join(taken, inHand))
  console.log(`worker ${worker.index} did ${inHand}`)
  inHand = null
}
