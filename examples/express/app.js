import { randomInt } from 'node:crypto'
import express from 'express'

const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LONGEST = 128

const app = express()

app.get('/password', (request, response) => {
  const length = Number(request.query.length ?? 20)
  if (!Number.isInteger(length) || length < 1 || length > LONGEST) {
    response.status(400).json({ error: `length must be a whole number from 1 to ${LONGEST}` })
    return
  }
  const password = Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  response.json({ password, pid: process.pid })
})

export default app
