import { describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'

describe('GET /journeys', () => {
  test('says which trams to take', async () => {
    const response = await buildApp().inject('/journeys?from=harbour&to=airport&at=23:55')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({
      from: { id: 'harbour', name: 'Harbour' },
      to: { id: 'airport', name: 'Airport' },
      at: '23:55',
      journey: {
        departs: '00:10',
        arrives: '00:54',
        inMinutes: 15,
        minutes: 44,
        rides: [
          { line: '1', headsign: 'North Park', from: 'Harbour', departs: '00:10', to: 'University', arrives: '00:24' },
          { line: '4', headsign: 'Airport', from: 'University', departs: '00:35', to: 'Airport', arrives: '00:54' },
        ],
      },
    })
  })

  test('has nothing to ride to the same stop', async () => {
    const response = await buildApp().inject('/journeys?from=harbour&to=harbour&at=08:00')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({
      journey: { departs: '08:00', arrives: '08:00', inMinutes: 0, minutes: 0, rides: [] },
    })
  })

  test.each([
    ['to=harbour&at=08:00', '"from" is missing.'],
    ['from=harbour&at=08:00', '"to" is missing.'],
    ['from=harbour&to=airport', '"at" is missing.'],
    ['from=harbour&to=airport&at=noon', '"at" must be a time from 00:00 to 23:59.'],
  ])('refuses "%s"', async (query, message) => {
    const response = await buildApp().inject(`/journeys?${query}`)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toEqual({ statusCode: 400, error: 'Bad Request', message })
  })

  test.each(['from=atlantis&to=harbour', 'from=harbour&to=atlantis'])('knows no unknown stop: %s', async (query) => {
    const response = await buildApp().inject(`/journeys?${query}&at=08:00`)
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({
      statusCode: 404,
      message: 'There is no stop "atlantis"; GET /lines/:id lists the stops of a line.',
    })
  })
})
