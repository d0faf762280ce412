// The app that all subjects run: answers with its process id, and tells the bench on stderr what the clock stops for.
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'

const STEP_ASIDE_MS = 100
const STDERR = 2
let poll = '/'

const server = createServer((request, response) => {
  response.setHeader('connection', 'close')
  const isFirst = request.url !== poll
  poll = request.url
  response.end(`${process.pid}`, () => isFirst && setImmediate(stepAside, poll))
})

// No console and no stream of its own: a subject that has set those up already would have a head start.
server.listen(0, '127.0.0.1', () => writeSync(STDERR, `listening ${process.pid} ${server.address().port}\n`))

/** Takes no connections for a while, so that the poll's next ones go to those who have not answered yet. */
function stepAside(from) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_ASIDE_MS)
  writeSync(STDERR, `back ${process.pid} ${from}\n`)
}
