import { describe, expect, it } from 'vitest'
import { refusalOf, resolve } from './resolving.ts'

describe('the access log', () => {
  it('is on by default in development alone', () => {
    expect(resolve().accessLog).toBe(false)
    expect(resolve({ flags: { reload: ['true'] } }).accessLog).toBe(true)
    expect(resolve({ flags: { reload: ['true'], 'access-log': ['false'] } }).accessLog).toBe(false)
    expect(resolve({ flags: { 'access-log': ['true'] } }).accessLog).toBe(true)
  })

  it.each(['auto', 'json', 'pretty', 'combined', 'common', '%(h)s "%(r)s" %({X-Any}i)s %({x}o)s %({HOME}e)s 100%%'])(
    'has the format %s',
    (format) => {
      expect(resolve({ flags: { 'access-log-format': [format] } }).accessLogFormat).toBe(format)
    },
  )

  it.each([
    ['apache', 'must be one of auto, json, pretty, combined, common, or a template'],
    ['%h "%r"', 'must be one of '],
    ['%(h)d', 'has a % that begins nothing, at %(h)d'],
    ['%(h)s %(z)s', "has %(z)s, which is none of gunicorn's atoms"],
    ['%(h)s %({}i)s', 'has %({}i)s, which'],
    ['%(h)s %({a}z)s', 'has %({a}z)s, which'],
    ['%(h)s 100%', 'has a % that begins nothing, at %:'],
    ['%(h)s\n%(r)s', 'has characters that are not printable ASCII'],
  ])('refuses the format %j', (format, problem) => {
    const { code, message, hint } = refusalOf({ flags: { 'access-log-format': [format] } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toContain(`--access-log-format ${format}: ${problem}`)
    expect(hint).toContain('The default is auto')
  })
})
