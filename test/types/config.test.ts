import { defineConfig, type ConfigFile, type HookResult, type Hooks, type WorkerEnd } from '@prefork/supervisor'
import { expect, expectTypeOf, it } from 'vitest'

/*
 * The types that users see, of the package as it was built. They are checked by `pnpm types`; where something must not
 * compile, `@ts-expect-error` says so.
 */

it('defineConfig takes every key, and returns its argument', () => {
  const config: ConfigFile = {
    app: 'dist/main.js:app',
    args: ['--verbose'],
    workers: 'auto',
    bind: ['127.0.0.1:8000', 'unix:/run/app.sock'],
    accept: 'shared',
    mode: 'export',
    factory: true,
    ready: 'listen',
    readyPath: '/ready',
    bootTimeoutMs: 60_000,
    gracefulTimeoutMs: 30_000,
    killTimeoutMs: 5000,
    shutdownDelayMs: 5000,
    canaryMs: 1000,
    maxSurge: 'auto',
    rolling: false,
    timeoutMs: 30_000,
    giveUpMs: 0,
    maxRequests: 10_000,
    maxRequestsJitter: 1000,
    maxAgeMs: 86_400_000,
    maxMemory: '512M',
    maxLoopDelayMs: 200,
    ts: 'auto',
    chdir: 'server',
    envFile: ['.env'],
    import: ['./telemetry.js'],
    require: [],
    nodeArgs: ['--max-old-space-size=512'],
    logLevel: 'info',
    logFormat: 'json',
    logFile: 'supervisor.log',
    hooks: {},
  }
  expect(defineConfig(config)).toBe(config)
  expectTypeOf(defineConfig).returns.toEqualTypeOf<ConfigFile>()
  expect(defineConfig({ bind: ':8000' })).toEqual({ bind: ':8000' })
})

it('defineConfig does not compile with what the supervisor would refuse', () => {
  // @ts-expect-error: a number, or auto
  defineConfig({ workers: 'many' })
  // @ts-expect-error: times are numbers of milliseconds
  defineConfig({ gracefulTimeoutMs: '30s' })
  // @ts-expect-error: a size is a text or a number
  defineConfig({ maxMemory: true })
  // @ts-expect-error: no such key
  defineConfig({ worker: 4 })
  // @ts-expect-error: no such mode
  defineConfig({ mode: 'import' })
  // @ts-expect-error: no such hook
  defineConfig({ hooks: { onEnd: () => {} } })
  // @ts-expect-error: a hook is a function
  defineConfig({ hooks: { onExit: 'true' } })
  // @ts-expect-error: an address is a text
  defineConfig({ bind: 8000 })
})

it('hooks know what they are called with, and may return a promise', () => {
  const config = defineConfig({
    hooks: {
      async onStarting() {},
      preFork: (worker) => {
        expectTypeOf(worker).toEqualTypeOf<{
          readonly worker: number
          readonly index: number
          readonly generation: number
        }>()
        // @ts-expect-error: there is no process yet
        void worker.pid
      },
      postFork: ({ index, generation }) => {
        expectTypeOf(index).toBeNumber()
        expectTypeOf(generation).toBeNumber()
      },
      workerReady: ({ pid }) => {
        expectTypeOf(pid).toEqualTypeOf<number | null>()
      },
      workerExit: (end) => {
        expectTypeOf(end).toEqualTypeOf<WorkerEnd>()
        expectTypeOf(end.code).toEqualTypeOf<number | null>()
        expectTypeOf(end.signal).toEqualTypeOf<string | null>()
      },
    },
  })
  expect(Object.keys(config.hooks ?? {})).toHaveLength(5)
  expectTypeOf<Hooks['onExit']>().toEqualTypeOf<(() => HookResult) | undefined>()
  // @ts-expect-error: onExit is called with nothing
  defineConfig({ hooks: { onExit: (worker: number) => void worker } })
})
