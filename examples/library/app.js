import { worker } from '@prefork/supervisor/worker'

/** Throws dice: `/3` throws three. */
export default function handler(request, response) {
  const count = Math.min(Number(request.url.slice(1)) || 1, 100)
  const dice = Array.from({ length: count }, () => 1 + Math.floor(Math.random() * 6))
  response.setHeader('Content-Type', 'application/json')
  response.end(`${JSON.stringify({ dice, worker: worker.index, pid: process.pid })}\n`)
}
