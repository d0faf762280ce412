import { describe, expect, test } from 'vitest'
import { formatClock, parseClock, TIME_OF_DAY_PATTERN, wrapDay } from '../../src/timetable/clock.ts'

describe('parseClock', () => {
  test.each([
    ['00:00', 0],
    ['08:05', 485],
    ['23:59', 1439],
    ['24:30', 1470],
  ])('%s is minute %i', (text, minute) => {
    expect(parseClock(text)).toBe(minute)
  })

  test.each(['', '8:05', '08:60', '08.05', ' 08:05', '08:05:00'])('refuses "%s"', (text) => {
    expect(() => parseClock(text)).toThrow(RangeError)
  })
})

describe('formatClock', () => {
  test('starts again after midnight', () => {
    expect([0, 485, 1439, 1440, 1470].map(formatClock)).toEqual(['00:00', '08:05', '23:59', '00:00', '00:30'])
  })

  test('undoes parseClock for every minute of a day', () => {
    const minutes = Array.from({ length: 1440 }, (_, minute) => minute)
    expect(minutes.map((minute) => parseClock(formatClock(minute)))).toEqual(minutes)
  })
})

test('wrapDay is never negative', () => {
  expect([-1441, -1, 0, 1440, 2881].map(wrapDay)).toEqual([1439, 1439, 0, 0, 1])
})

test('the pattern for callers ends at 23:59', () => {
  const pattern = new RegExp(TIME_OF_DAY_PATTERN)
  expect(['00:00', '09:59', '19:00', '23:59'].filter((text) => !pattern.test(text))).toEqual([])
  expect(['24:00', '30:00', '12:60', '1:00', '12:00 '].filter((text) => pattern.test(text))).toEqual([])
})
