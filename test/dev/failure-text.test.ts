import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { describeFailure, foldedText, frameText } from '../../packages/supervisor/src/dev/failure-text.ts'
import type { FailureView } from '../../packages/supervisor/src/dev/failure-view.ts'
import { PLAIN_VIEW } from './serve-page.ts'

const VIEW: FailureView = {
  ...PLAIN_VIEW,
  hint: 'Do this.',
  file: 'src/db.ts',
  line: 10,
  column: 3,
  frame: [
    { number: 9, text: 'if (no) {', mark: null, isPlace: false },
    { number: 10, text: '  throw it', mark: { start: 2, length: 5 }, isPlace: true },
  ],
  stack: [
    { call: 'connect', place: 'src/db.ts:10:3', isOwn: true },
    { call: '', place: 'src/app.ts:1:1', isOwn: true },
    { call: 'load', place: 'node_modules/dep/index.js:1:1', isOwn: false },
    { call: 'run', place: 'node:internal/x:1:1', isOwn: false },
  ],
  causes: ['Error: inner'],
}

const TEXT = `TypeError: no database
  src/db.ts:10:3

   9 | if (no) {
> 10 |   throw it
     |   ^^^^^

  caused by Error: inner
  at connect src/db.ts:10:3
  at src/app.ts:1:1
  and 2 calls in dependencies and Node
  Do this.`

it('shows the error, its place, the source and the calls', () => {
  expect(describeFailure(VIEW, false)).toBe(TEXT)
  expect(describeFailure(PLAIN_VIEW, false)).toBe('TypeError: no database')
})

it('says the same in colors', () => {
  const colored = describeFailure(VIEW, true)
  expect(colored).not.toBe(TEXT)
  expect(stripVTControlCharacters(colored)).toBe(TEXT)
})

it('keeps the caret below what is meant, however wide the characters are', () => {
  const text = `f('日本語', e\u0301, x)`
  const start = text.indexOf('x')
  expect(frameText([{ number: 1, text, mark: { start, length: 1 }, isPlace: true }])).toBe(
    `> 1 | ${text}\n    | ${' '.repeat(15)}^`,
  )
})

it('counts what it folds', () => {
  const call = { call: 'f', place: 'node:fs:1:1', isOwn: false }
  expect(foldedText([call])).toBe('1 call in Node')
  expect(foldedText([{ ...call, place: '/a/node_modules/b.js:1:1' }, call])).toBe('2 calls in dependencies and Node')
})
