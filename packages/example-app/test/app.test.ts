import { describe, expect, test } from 'vitest'
import { buildApp } from '../src/app.ts'

describe('buildApp', () => {
  test('does not listen by itself', () => {
    expect(buildApp().server.listening).toBe(false)
  })

  test('lets idle connections go after 5 seconds', () => {
    expect(buildApp().server.keepAliveTimeout).toBe(5_000)
  })

  test('gives the same answers from any two instances', async () => {
    const urls = [
      '/lines',
      '/lines/2',
      '/stops/theatre/departures?at=23:50',
      '/journeys?from=airport&to=museum&at=12:00',
    ]
    for (const url of urls) {
      const [one, other] = await Promise.all([buildApp().inject(url), buildApp().inject(url)])
      expect(one.statusCode).toBe(200)
      expect(one.body).toBe(other.body)
    }
  })
})
