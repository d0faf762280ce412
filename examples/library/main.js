import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Supervisor, SupervisorError } from '@prefork/supervisor'

const { values } = parseArgs({
  options: {
    bind: { type: 'string', default: '127.0.0.1:8007' },
    admin: { type: 'string', default: '127.0.0.1:8008' },
  },
})

const supervisor = new Supervisor({
  app: fileURLToPath(new URL('app.js', import.meta.url)),
  workers: 2,
  bind: values.bind,
})

/** An address for operators only: shows the workers, and sets how many there are. */
const admin = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  const wanted = /^\/workers\/([1-9]\d?)$/.exec(pathname)
  if (request.method === 'POST' && wanted !== null) {
    supervisor.scale(Number(wanted[1]))
    response.writeHead(202).end()
  } else if (request.method === 'GET' && pathname === '/status') {
    response.setHeader('Content-Type', 'application/json')
    response.end(`${JSON.stringify(supervisor.status(), null, 2)}\n`)
  } else {
    response.writeHead(404).end('GET /status or POST /workers/3\n')
  }
})

/** Stops without losing a request. A second signal calls it again, which ends the workers at once. */
async function stop() {
  admin.close()
  const outcome = await supervisor.stop()
  if (outcome.kind !== 'stopped') process.exitCode = 1
}

/** Prints what happens until the supervisor has ended. */
async function narrate() {
  for await (const { type, pid } of supervisor.events()) {
    console.log(pid ? `${type} (${pid})` : type)
  }
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void stop())
const narrated = narrate()
try {
  await supervisor.start()
  const [host, port] = values.admin.split(':')
  admin.listen(Number(port), host)
} catch (error) {
  if (!(error instanceof SupervisorError)) throw error
  // A signal that came before the workers were ready is no failure.
  if (error.code !== 'SUPERVISOR_STOPPED') {
    console.error(`${error.message}\n${error.hint}`)
    process.exitCode = error.exitCode
  }
}
await narrated
