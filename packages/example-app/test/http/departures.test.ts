import type { LightMyRequestResponse } from 'fastify'
import { describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'

function departures(stop: string, query: string): Promise<LightMyRequestResponse> {
  return buildApp().inject(`/stops/${stop}/departures?${query}`)
}

describe('GET /stops/:id/departures', () => {
  test('says when the next trams leave', async () => {
    const response = await departures('harbour', 'at=23:50&limit=2')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({
      stop: { id: 'harbour', name: 'Harbour' },
      at: '23:50',
      departures: [
        { line: '1', headsign: 'North Park', departs: '23:50', inMinutes: 0 },
        { line: '1', headsign: 'North Park', departs: '00:10', inMinutes: 20 },
      ],
    })
  })

  test.each([
    ['at=08:00', 5],
    ['at=08:00&limit=1', 1],
    ['at=08:00&limit=50', 50],
  ])('%s gives %i', async (query, count) => {
    expect((await departures('hospital', query)).json<{ departures: unknown[] }>().departures).toHaveLength(count)
  })

  test.each([
    ['', '"at" is missing.'],
    ['at=', '"at" must be a time from 00:00 to 23:59.'],
    ['at=24:00', '"at" must be a time from 00:00 to 23:59.'],
    ['at=8:00', '"at" must be a time from 00:00 to 23:59.'],
    ['at=08:00&at=09:00', '"at" must be string.'],
    ['at=08:00&limit=0', '"limit" must be >= 1.'],
    ['at=08:00&limit=51', '"limit" must be <= 50.'],
    ['at=08:00&limit=1.5', '"limit" must be integer.'],
    ['at=08:00&limit=many', '"limit" must be integer.'],
    ['at=08:00&limit=', '"limit" must be integer.'],
  ])('refuses "%s"', async (query, message) => {
    const response = await departures('harbour', query)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toEqual({ statusCode: 400, error: 'Bad Request', message })
  })

  test('knows no unknown stop', async () => {
    const response = await departures('atlantis', 'at=08:00')
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: 'There is no stop "atlantis"; GET /lines/:id lists the stops of a line.',
    })
  })
})
