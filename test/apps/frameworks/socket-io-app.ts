/**
 * An app of socket.io as its documentation has it, which says who answers, in which generation. When its worker leaves it
 * ends its connections in a way that has clients connect anew; `io.disconnectSockets()` would have them stay away.
 */
export const SOCKET_IO_APP: string = `
  import { createServer } from 'node:http'
  import { worker } from '@prefork/supervisor/worker'
  import { Server } from 'socket.io'
  const server = createServer((request, response) => response.end(String(process.pid)))
  const io = new Server(server)
  let isLeaving = false
  io.on('connection', (socket) => {
    if (isLeaving) socket.conn.close()
    socket.on('ask', (question, answer) => answer({ question, pid: process.pid, generation: worker.generation }))
  })
  worker.onDrain(() => {
    isLeaving = true
    for (const socket of io.sockets.sockets.values()) socket.conn.close()
  })
  export default server`
