// The app of `reload` and `crash`: answers with its process id, on an address that stays the same.
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'

const STDERR = 2

createServer((request, response) => response.end(`${process.pid}`)).listen(Number(process.env.PORT), '127.0.0.1', () =>
  writeSync(STDERR, `listening ${process.pid}\n`),
)
