import { describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'

describe('GET /lines', () => {
  test('lists the lines with both ends', async () => {
    const response = await buildApp().inject('/lines')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({
      lines: [
        { id: '1', name: 'Harbour Line', from: 'Harbour', to: 'North Park' },
        { id: '2', name: 'Gates Line', from: 'West Gate', to: 'East Gate' },
        { id: '3', name: 'Lake Line', from: 'South Field', to: 'Lake Shore' },
        { id: '4', name: 'Airport Line', from: 'Airport', to: 'Observatory' },
      ],
    })
  })
})

describe('GET /lines/:id', () => {
  test('has the stops and the hours of a line', async () => {
    const response = await buildApp().inject('/lines/4')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({
      id: '4',
      name: 'Airport Line',
      from: 'Airport',
      to: 'Observatory',
      stops: [
        { id: 'airport', name: 'Airport', minutes: 0 },
        { id: 'exhibition-halls', name: 'Exhibition Halls', minutes: 6 },
        { id: 'hospital', name: 'Hospital', minutes: 13 },
        { id: 'university', name: 'University', minutes: 19 },
        { id: 'observatory', name: 'Observatory', minutes: 24 },
      ],
      first: '04:30',
      last: '01:00',
    })
  })

  test.each(['5', '__proto__', 'toString'])('knows no line "%s"', async (id) => {
    const response = await buildApp().inject(`/lines/${id}`)
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: `There is no line "${id}"; GET /lines lists them.`,
    })
  })
})
