import { Hono } from 'hono'

const DAY_MS = 24 * 60 * 60 * 1000

const app = new Hono()

app.get('/days/:from/:to', (context) => {
  const { from, to } = context.req.param()
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS
  if (Number.isNaN(days)) return context.json({ error: 'write dates as 2026-12-24' }, 400)
  return context.json({ from, to, days, pid: process.pid })
})

export default app
