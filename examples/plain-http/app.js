import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)

/** Tells clients what the server sees of them. */
const server = createServer((request, response) => {
  const { method, url, headers, socket } = request
  response.setHeader('Content-Type', 'application/json')
  response.end(`${JSON.stringify({ method, url, address: socket.remoteAddress, headers, pid: process.pid })}\n`)
})

server.listen(port, '127.0.0.1')
