import type { RequestListener, ServerResponse } from 'node:http'
import { convert, Unit, unitOf } from './units.js'

const handler: RequestListener = (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname !== '/convert') return send(response, 404, { error: 'ask for /convert?amount=5&from=km&to=mi' })
  const amount = Number(searchParams.get('amount') ?? Number.NaN)
  const from = unitOf(searchParams.get('from'))
  const to = unitOf(searchParams.get('to'))
  if (Number.isNaN(amount) || from === undefined || to === undefined) {
    return send(response, 400, { error: 'not a number, or not a unit', units: Object.values(Unit) })
  }
  send(response, 200, { amount: convert(amount, from, to), unit: to, pid: process.pid })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

export default handler
