// The least that does the job with node:cluster alone: node raw-cluster.mjs <workers> <app>
import cluster from 'node:cluster'

const [workers, app] = process.argv.slice(2)

cluster.setupPrimary({ exec: app, args: [] })
cluster.on('exit', () => cluster.fork())
for (let count = 0; count < Number(workers); count++) cluster.fork()
