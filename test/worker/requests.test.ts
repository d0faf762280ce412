import { describe, expect, it } from 'vitest'
import { Requests } from '../../packages/supervisor/src/worker/requests.ts'

describe('the requests in flight', () => {
  it('are those that have begun and not ended, the oldest first', () => {
    const requests = new Requests()
    requests.begin('GET', '/first')
    const end = requests.begin('POST', '/second?with=query')
    requests.begin('GET', '/third')
    expect(requests.oldest().map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /first',
      'POST /second?with=query',
      'GET /third',
    ])
    end()
    end()
    expect(requests.oldest().map(({ path }) => path)).toEqual(['/first', '/third'])
    expect(requests.total).toBe(3)
  })

  it('are shown with their age, as JSON, and not more than 20', () => {
    const requests = new Requests()
    for (let index = 0; index < 30; index++) requests.begin('GET', `/${index}`)
    const shown = requests.oldest()
    expect(shown.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, index) => `/${index}`))
    for (const { ageMs } of shown) expect(ageMs).toBeLessThan(1000)
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
  })

  it('can not disturb a terminal, nor fill it', () => {
    const requests = new Requests()
    requests.begin('GET\n', `/\u001B[2J\u0085\u202E${'x'.repeat(1000)}`)
    expect(requests.oldest()).toMatchObject([{ method: 'GET', path: `/[2J${'x'.repeat(196)}` }])
  })
})

it('the limit is told once, when it is reached', () => {
  const requests = new Requests()
  let told = 0
  requests.watch(3, () => told++)
  requests.count()
  requests.begin('GET', '/')
  expect(told).toBe(0)
  requests.begin('GET', '/')
  requests.count()
  expect(told).toBe(1)
})

it('a path is refused with any query, and no other path is', () => {
  const requests = new Requests()
  expect(requests.isRefused('/ready')).toBe(false)
  requests.refuse('/ready?full')
  for (const url of ['/ready', '/ready?', '/ready?a=1']) expect(requests.isRefused(url), url).toBe(true)
  for (const url of ['/', '/ready/', '/readyness', undefined]) expect(requests.isRefused(url), url).toBe(false)
})
