import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownerOf } from '../../packages/supervisor/src/protocol/rendezvous.ts'

const ADDRESSES = Array.from({ length: 4000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`)
const indexes = fc.uniqueArray(fc.integer({ min: 0, max: 511 }), { minLength: 1, maxLength: 16 })

describe('the owner of an address', () => {
  it('is one of those that there are, whatever their order; nobody where there are none', () => {
    expect(ownerOf('10.0.0.1', [])).toBeNull()
    fc.assert(
      fc.property(fc.string(), indexes, (address, some) => {
        const owner = ownerOf(address, some)
        expect(some).toContain(owner)
        expect(ownerOf(address, some.toReversed())).toBe(owner)
      }),
    )
  })

  it('changes for nobody but those whose owner has gone', () => {
    fc.assert(
      fc.property(fc.ipV4(), indexes, fc.nat(), (address, some, at) => {
        const gone = some[at % some.length]
        const owner = ownerOf(address, some)
        const rest = some.filter((index) => index !== gone)
        if (owner !== gone) expect(ownerOf(address, rest)).toBe(owner)
      }),
    )
  })

  it.each([2, 3, 4, 8])('is each of %i for an equal share of the addresses, be it IPv4 or IPv6', (count) => {
    const places = Array.from({ length: count }, (_, index) => index)
    for (const addresses of [ADDRESSES, ADDRESSES.map((address) => `2001:db8::${address.replaceAll('.', ':')}`)]) {
      const shares = places.map(
        (index) => addresses.filter((address) => ownerOf(address, places) === index).length / addresses.length,
      )
      for (const share of shares) expect(Math.abs(share * count - 1)).toBeLessThan(0.2)
    }
  })
})
