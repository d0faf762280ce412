import { describe, expect, it } from 'vitest'
import { refusalOf, resolve } from './resolving.ts'

describe('--user and --group', () => {
  it.each(['www-data', '0', '1000', '4294967294', '_app', 'DOMAIN\\someone', 'some.one@example'])(
    'can be %s',
    (name) => {
      expect(resolve({ flags: { user: [name], group: [name] } })).toMatchObject({ user: name, group: name })
    },
  )

  it('can be a number in the config file', () => {
    expect(resolve({ file: { user: 1000, group: 0 } })).toMatchObject({ user: '1000', group: '0' })
  })

  it.each(['-x', 'a b', 'a:b', '../x', '4294967295', ''])('can not be %j', (name) => {
    expect(refusalOf({ flags: { user: [name] } }).message).toContain('must be a name, or a number from 0 to 4294967294')
    expect(refusalOf({ file: { group: name } }).message).toContain('must be a name, or a number from 0 to 4294967294')
  })

  it.each([-1, 1.5, 4_294_967_295, true])('can not be %s in the config file', (value) => {
    expect(refusalOf({ file: { user: value } }).code).toBe('SUPERVISOR_OPTION_INVALID')
  })
})

describe('--umask', () => {
  it.each(['0', '7', '22', '027', '0027', '777'])('can be %s', (mask) => {
    expect(resolve({ flags: { umask: [mask] } })).toMatchObject({ umask: mask })
    expect(resolve({ file: { umask: mask } })).toMatchObject({ umask: mask })
  })

  it.each([27, 0o27, '0o27', '8', '1777', '00777'])('can not be %j in the config file', (value) => {
    expect(refusalOf({ file: { umask: value } }).message).toContain('must be a text of octal digits')
  })
})
