import { afterEach, describe, expect, test, vi } from 'vitest'
import { buildApp } from '../../src/app.ts'

afterEach(() => vi.unstubAllEnvs())

describe('GET /', () => {
  test('says which process answered, and that it has no supervisor', async () => {
    vi.stubEnv('SUPERVISOR_WORKER_INDEX', undefined)
    const response = await buildApp().inject('/')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ pid: process.pid, worker: null })
  })

  test('says which worker answered', async () => {
    vi.stubEnv('SUPERVISOR_WORKER_INDEX', '3')
    expect((await buildApp().inject('/')).json()).toMatchObject({ worker: '3' })
  })

  test('has only links that work', async () => {
    const app = buildApp()
    const { links } = (await app.inject('/')).json<{ links: string[] }>()
    expect(links).toHaveLength(5)
    for (const link of links) expect((await app.inject(link)).statusCode, link).toBe(200)
  })
})

test('GET /healthz', async () => {
  const response = await buildApp().inject('/healthz')
  expect(response.statusCode).toBe(200)
  expect(response.json()).toEqual({ status: 'ok' })
})
