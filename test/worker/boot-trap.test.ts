import vm from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toLine } from '../../packages/supervisor/src/protocol/lines.ts'
import { parseMessage } from '../../packages/supervisor/src/protocol/messages.ts'
import { failureOf, summarize, trapErrors } from '../../packages/supervisor/src/worker/boot-trap.ts'

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (thrown) {
    return thrown
  }
  throw new Error('nothing was thrown')
}

function inspectedBy(show: () => unknown): object {
  return { [Symbol.for('nodejs.util.inspect.custom')]: show }
}

/** Throws as if nobody had caught it, to those listeners alone that the test has added. */
function throwUncaught(thrown: unknown): void {
  process.emit('uncaughtException', thrown as Error)
}

function withCode(code: string, more: object = {}): Error {
  return Object.assign(new Error('failed'), { code, ...more })
}

function withoutListeners(): void {
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener)
  })
}

describe('the summary of what was thrown', () => {
  it('has the name, message, code and stack of an error', () => {
    const thrown = Object.assign(new RangeError('too far'), { code: 'ERR_FAR' })
    const { name, message, code, stack } = summarize(thrown)
    expect({ name, message, code }).toEqual({ name: 'RangeError', message: 'too far', code: 'ERR_FAR' })
    expect(stack).toMatch(/^RangeError.*too far\n {4}at .*boot-trap\.test\.ts:\d+:\d+/)
  })

  it('shows the cause, and the errors of an aggregate', () => {
    const cause = new Error('the disk is full')
    expect(summarize(new Error('not saved', { cause })).stack).toContain('the disk is full')
    expect(summarize(new AggregateError([cause], 'nothing worked')).stack).toContain('the disk is full')
  })

  it('leaves out a code that is no text', () => {
    expect(summarize(Object.assign(new Error('failed'), { code: 42 })).code).toBeUndefined()
  })

  it.each([
    ['a string', 'just text', `threw 'just text'`],
    ['a number', 42, 'threw 42'],
    ['undefined', undefined, 'threw undefined'],
    ['null', null, 'threw null'],
    ['an object', { status: 500 }, 'threw { status: 500 }'],
  ])('says so when it is no error: %s', (_what, thrown, message) => {
    expect(summarize(thrown)).toMatchObject({ name: 'Error', message })
  })

  it('is short, whatever was thrown', () => {
    const huge = 'x'.repeat(3_000_000)
    for (const thrown of [huge, { huge }, new Error(huge), Object.assign(new Error('failed'), { huge })]) {
      expect(toLine(summarize(thrown)).length).toBeLessThan(100_000)
    }
  })

  class Hostile extends Error {
    override get message(): string {
      throw new Error('not even that')
    }
  }

  it.each<[string, () => unknown]>([
    ['a message that is no text', () => Object.assign(new Error('x'), { message: { status: 500 } })],
    ['a name that is no text', () => Object.assign(new Error('x'), { name: undefined })],
    ['a message that throws when it is read', () => new Hostile()],
    [
      'a way of its own to be shown, which throws',
      () =>
        inspectedBy(() => {
          throw new Error('no')
        }),
    ],
    ['a way of its own to be shown, which gives no text', () => inspectedBy(() => 42)],
    [
      'nothing but traps',
      () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('no')
            },
          },
        ),
    ],
    ['a realm of its own', () => caught(() => vm.runInNewContext(`throw new TypeError('elsewhere')`))],
  ])('can be told to the supervisor although it has %s', (_what, create) => {
    for (const isLoaded of [true, false]) {
      const failure = failureOf(create(), isLoaded)
      expect(parseMessage(toLine({ type: 'failed', failure }))).toMatchObject({
        type: 'failed',
        failure: { kind: 'threw' },
      })
    }
  })

  it('can be told to the supervisor whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withMap: true }), (thrown) => {
        const error = summarize(thrown)
        expect(parseMessage(toLine({ type: 'threw', error }))).toEqual({ type: 'threw', error })
      }),
    )
  })
})

describe('an app that could not be loaded', () => {
  it.each([
    ['MODULE_NOT_FOUND'],
    ['ERR_MODULE_NOT_FOUND'],
    ['ERR_UNKNOWN_FILE_EXTENSION'],
    ['ERR_PACKAGE_PATH_NOT_EXPORTED'],
    ['ERR_REQUIRE_ESM'],
    ['ERR_DLOPEN_FAILED'],
  ])('is told by the code: %s', (code) => {
    expect(failureOf(withCode(code), false)).toMatchObject({ kind: 'not-loaded', error: { code } })
  })

  it('is told by a syntax error of a source file, which no code of the app has thrown', () => {
    const thrown = caught(() => new vm.Script('const port = = 3000', { filename: '/srv/app.cjs' }))
    const { stack = '' } = thrown as Error
    const frames = stack.split('\n').filter((line) => !line.trimStart().startsWith('at '))
    const fromLoader = Object.assign(thrown as Error, {
      stack: [...frames, '    at node:internal/modules/cjs/loader:1'].join('\n'),
    })
    expect(failureOf(fromLoader, false).kind).toBe('not-loaded')
  })

  it('is no longer possible once it is loaded: a late import that fails is its own matter', () => {
    expect(failureOf(withCode('MODULE_NOT_FOUND'), true).kind).toBe('threw')
  })
})

describe('an app that threw', () => {
  it.each([
    ['an error', new TypeError('the sky has fallen')],
    ['an error with a code of its own', withCode('ERR_OUT_OF_APPLES')],
    ['an error of the system', withCode('ENOENT', { syscall: 'open', path: '/etc/app.json' })],
    ['a syntax error of data that it has read', caught(() => JSON.parse('{ "port": }'))],
    ['a syntax error that it made itself', new SyntaxError('line 3: no such rule')],
    ['a syntax error of an expression', caught(() => new RegExp(['('].join('')))],
    ['no error at all', 'text'],
    ['nothing', undefined],
    ['null', null],
  ])('is at fault for %s, loaded or not', (_what, thrown) => {
    expect(failureOf(thrown, false).kind).toBe('threw')
    expect(failureOf(thrown, true).kind).toBe('threw')
  })
})

describe('an address that is not to be had', () => {
  it.each(['listen', 'bind'])('is told by the system call: %s', (syscall) => {
    const thrown = withCode('EADDRINUSE', { syscall })
    expect(failureOf(thrown, false)).toMatchObject({ kind: 'not-listening', error: { code: 'EADDRINUSE' } })
    expect(failureOf(thrown, true)).toMatchObject({ kind: 'not-listening' })
  })

  it('is not told by a connection that failed', () => {
    expect(failureOf(withCode('ECONNREFUSED', { syscall: 'connect' }), true).kind).toBe('threw')
  })
})

describe('the trap', () => {
  it('takes what nobody else catches, until it ends', () => {
    withoutListeners()
    const seen: unknown[] = []
    const end = trapErrors((thrown) => seen.push(thrown))
    throwUncaught('first')
    end()
    throwUncaught('second')
    expect(seen).toEqual(['first'])
    expect(process.listenerCount('uncaughtException')).toBe(0)
  })

  it('leaves errors to an app that handles them itself', () => {
    withoutListeners()
    const seen: unknown[] = []
    trapErrors((thrown) => seen.push(['trap', thrown]))
    process.on('uncaughtException', (thrown) => seen.push(['app', thrown]))
    throwUncaught('handled')
    expect(seen).toEqual([['app', 'handled']])
  })
})
