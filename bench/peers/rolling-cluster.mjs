// A rolling reload as it is commonly written with node:cluster: node rolling-cluster.mjs <workers> <app>, then HUP.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { writeSync } from 'node:fs'

const STDERR = 2
const LONGEST_GOODBYE_MS = 5000

const [workers, app] = process.argv.slice(2)

cluster.setupPrimary({ exec: app, args: [] })
cluster.on('exit', (worker) => worker.exitedAfterDisconnect || cluster.fork())
for (let count = 0; count < Number(workers); count++) cluster.fork()

process.on('SIGHUP', () => void reload())

async function reload() {
  for (const old of Object.values(cluster.workers)) {
    await once(cluster.fork(), 'listening')
    old.disconnect()
    const impatience = setTimeout(() => old.process.kill('SIGKILL'), LONGEST_GOODBYE_MS)
    await once(old, 'exit')
    clearTimeout(impatience)
  }
  writeSync(STDERR, `reloaded ${process.pid}\n`)
}
