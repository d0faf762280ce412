import { describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { describeInvalid } from '../../src/http/problem.ts'

describe('problems', () => {
  test.each([
    ['GET', '/nothing'],
    ['POST', '/lines'],
  ] as const)('answers %s %s with a 404 in JSON', async (method, url) => {
    const response = await buildApp().inject({ method, url })
    expect(response.statusCode).toBe(404)
    expect(response.headers['content-type']).toContain('application/json')
    expect(response.json()).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: `There is nothing at ${method} ${url}; GET / lists what is.`,
    })
  })

  test('keeps the details of a failure to itself', async () => {
    const app = buildApp()
    app.get('/broken', () => {
      throw new Error('the password is swordfish')
    })
    const response = await app.inject('/broken')
    expect(response.statusCode).toBe(500)
    expect(response.json()).toEqual({
      statusCode: 500,
      error: 'Internal Server Error',
      message: 'The app failed to answer this request.',
    })
  })

  test('answers a malformed address with a 400 in JSON', async () => {
    const response = await buildApp().inject('/lines/%zz')
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ statusCode: 400, error: 'Bad Request' })
  })
})

describe('describeInvalid', () => {
  test('has a sentence even without an error to describe', () => {
    expect(describeInvalid([]).message).toBe('The request is not valid.')
  })
})
