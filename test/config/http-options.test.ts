import { describe, expect, it } from 'vitest'
import { httpRulesOf } from '../../packages/supervisor/src/config/http-rules.ts'
import type { HttpRules } from '../../packages/supervisor/src/protocol/http-rules.ts'
import { expectOneCause, failureOf } from '../cli/failure.ts'
import { refusalOf, resolve, type Said } from './resolving.ts'

function rules(said: Said = {}): Omit<HttpRules, 'limits'> {
  return httpRulesOf(resolve(said))
}

describe('the rules for HTTP', () => {
  it('are by default whom to trust, and nothing else', () => {
    expect(rules()).toEqual({ proxy: ['127.0.0.1', '::1', 'unix'] })
  })

  it('take all that the options say', () => {
    const flags = {
      'forwarded-allow-ips': ['10.0.0.0/8,::1', '192.0.2.1 , 192.0.2.2'],
      'root-path': ['/shop/'],
      header: ['X-A:1', 'x-b: 2: 3', 'X-a:4'],
      'server-header': ['true'],
      'date-header': ['false'],
      'request-id': ['true'],
    }
    const add = [
      ['X-A', ['1', '4']],
      ['x-b', '2: 3'],
      ['Server', 'prefork'],
    ]
    expect(rules({ flags })).toEqual({
      proxy: ['10.0.0.0/8', '::1', '192.0.2.1', '192.0.2.2'],
      rootPath: '/shop',
      headers: { add, hasDate: false },
      requestId: true,
    })
  })

  it('may come from a config file', () => {
    const file = { forwardedAllowIps: ['10.0.0.0/8', 'unix'], rootPath: '/shop', header: 'X-A: 1' }
    const headers = { add: [['X-A', '1']], hasDate: true }
    expect(rules({ file })).toEqual({ proxy: ['10.0.0.0/8', 'unix'], rootPath: '/shop', headers })
  })

  it('have no path where it is / alone', () => {
    expect(rules({ flags: { 'root-path': ['/'] } })).not.toHaveProperty('rootPath')
  })
})

describe('FORWARDED_ALLOW_IPS', () => {
  it('counts less than our own variable, and more than a config file', () => {
    const env = { FORWARDED_ALLOW_IPS: '10.0.0.1,10.0.0.2' }
    const file = { forwardedAllowIps: ['10.0.0.9'] }
    expect(rules({ env, file }).proxy).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(rules({ env: { ...env, SUPERVISOR_FORWARDED_ALLOW_IPS: '10.0.0.3' }, file }).proxy).toEqual(['10.0.0.3'])
  })

  it('is named when it is wrong', () => {
    const { code, message } = refusalOf({ env: { FORWARDED_ALLOW_IPS: '127.0.0.1,proxy.local' } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toMatch(/^FORWARDED_ALLOW_IPS proxy\.local: is not an address/)
  })
})

describe('is refused, by name and with the reason:', () => {
  it.each<[string, string, string]>([
    ['forwarded-allow-ips', '127.0.0.1,10.0.0.0/33', '--forwarded-allow-ips 10.0.0.0/33: is not an address'],
    ['forwarded-allow-ips', 'localhost', '--forwarded-allow-ips localhost: is not an address'],
    ['forwarded-allow-ips', '127.0.0.1,', '--forwarded-allow-ips needs a value'],
    ['forwarded-allow-ips', '', '--forwarded-allow-ips needs a value'],
    ['root-path', 'shop', '--root-path shop: must begin with a slash'],
    ['root-path', '', '--root-path needs a value'],
    ['root-path', '/shop/../admin', 'must not have . or .. in it'],
    ['root-path', '/..', 'must not have . or .. in it'],
    ['root-path', '/./shop', 'must not have . or .. in it'],
    ['root-path', '/a//b', 'must not have two slashes'],
    ['root-path', '//shop', 'must not have two slashes'],
    ['root-path', '//', 'must not have two slashes'],
    ['root-path', '/sh%6Fp', 'must not be percent-encoded'],
    ['root-path', '/%2e%2e', 'must not be percent-encoded'],
    ['root-path', '/shop?a=1', 'without a query or fragment'],
    ['root-path', '/shop#a', 'without a query or fragment'],
    ['root-path', '/a b', 'has a character'],
    ['root-path', '/größe', 'has a character'],
    ['root-path', '/a\r\nb', 'has a character'],
    ['root-path', 'https://a.example/shop', 'must begin with a slash'],
    ['header', 'X-A', '--header X-A: has no colon'],
    ['header', ':1', 'has no valid name'],
    ['header', ' : 1', 'has no valid name'],
    ['header', ':status: 200', 'has no valid name'],
    ['header', 'X A: 1', 'has no valid name'],
    ['header', 'X\r\nY: 1', 'has no valid name'],
    ['header', 'X-A: 1\r\nX-B: 2', 'has a character that a header can not have'],
    ['header', 'X-A: 1\nX-B: 2', 'has a character that a header can not have'],
    ['header', 'X-A: a\0b', 'has a character that a header can not have'],
    ['header', 'X-A: €', 'has a character that a header can not have'],
    ['header', 'content-length: 0', 'names content-length, which belongs to each message'],
    ['header', 'Transfer-Encoding: chunked', 'which belongs to each message'],
    ['header', 'Connection: close', 'which belongs to each message'],
    ['header', '', '--header needs a value'],
    ['request-id', 'yes', 'must be true or false'],
  ])('--%s %j', (flag, text, message) => {
    const error = refusalOf({ flags: { [flag]: [text] } })
    expect(error.code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(error.message).toContain(message)
  })

  it.each<[string, unknown, string]>([
    ['forwardedAllowIps', ['127.0.0.1', 'nowhere'], 'is not an address'],
    ['forwardedAllowIps', '127.0.0.1,::1', 'is not an address'],
    ['forwardedAllowIps', [], 'must name at least one'],
    ['forwardedAllowIps', [1], 'must be a text'],
    ['rootPath', 'shop', 'must begin with a slash'],
    ['rootPath', '', 'must not be empty'],
    ['header', { 'X-A': '1' }, 'must be a text'],
    ['header', ['X-A: 1\r\nX-B: 2'], 'has a character'],
    ['dateHeader', 'no', 'must be true or false'],
  ])('%s: %j in a config file', (key, value, message) => {
    const error = refusalOf({ file: { [key]: value } })
    expect(error.message).toMatch(new RegExp(`^supervisor\\.config\\.js: ${key}`))
    expect(error.message).toContain(message)
  })

  it('before anything is started', async () => {
    const failure = await failureOf(['--forwarded-allow-ips', '10.0.0.0/8,10.0.0', 'app.js'])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('--forwarded-allow-ips 10.0.0: is not an address, a network such as 10.0.0.0/8')
  })
})
