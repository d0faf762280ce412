import { describe, expect, test } from 'vitest'
import { readSettings } from '../src/settings.ts'

describe('readSettings', () => {
  test('has a default for everything', () => {
    const settings = { host: '127.0.0.1', port: 8080, log: false }
    expect(readSettings({})).toEqual({ ok: true, settings })
  })

  test('takes empty variables as not set', () => {
    expect(readSettings({ HOST: '', PORT: '', LOG: '' })).toEqual(readSettings({}))
  })

  test('takes what the environment says', () => {
    const settings = { host: '::1', port: 3000, log: true }
    expect(readSettings({ HOST: '::1', PORT: '3000', LOG: '1' })).toEqual({ ok: true, settings })
  })

  test.each(['0', '65535'])('allows port %s', (port) => {
    expect(readSettings({ PORT: port })).toMatchObject({ ok: true, settings: { port: Number(port) } })
  })

  test.each(['abc', '-1', '65536', '80.5', '1e3', ' 80', '0x50'])('refuses port "%s" in one sentence', (port) => {
    expect(readSettings({ PORT: port })).toEqual({
      ok: false,
      problem: `PORT must be a whole number from 0 to 65535, not "${port}".`,
    })
  })
})
