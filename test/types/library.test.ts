import { Supervisor, SupervisorError, type ErrorCode, type Snapshot, type SupervisorReport } from '@prefork/supervisor'
import { worker, type AppWorker } from '@prefork/supervisor/worker'
import { expect, expectTypeOf, it } from 'vitest'

it('a supervisor needs an app, and takes the options of a config file', () => {
  expectTypeOf(Supervisor).toBeConstructibleWith({ app: 'app.js', workers: 4, bind: ':8000' })
  // @ts-expect-error: without an app there is nothing to run
  expect(() => new Supervisor({ workers: 4 })).toThrow(SupervisorError)
  // @ts-expect-error: no such option
  expect(() => new Supervisor({ app: 'app.js', worker: 4 })).toThrow(SupervisorError)
  // @ts-expect-error: an address is a text
  expect(() => new Supervisor({ app: 'app.js', bind: { port: 8000 } })).toThrow(SupervisorError)
})

it('its methods have these types', () => {
  expectTypeOf<Supervisor['start']>().toEqualTypeOf<() => Promise<void>>()
  expectTypeOf<Supervisor['stop']>().parameter(0).toEqualTypeOf<'graceful' | 'quick' | undefined>()
  expectTypeOf<Awaited<ReturnType<Supervisor['stop']>>['kind']>().toEqualTypeOf<'stopped' | 'forced' | 'failed'>()
  expectTypeOf<Supervisor['scale']>().toEqualTypeOf<(workers: number) => void>()
  expectTypeOf<ReturnType<Supervisor['status']>>().toEqualTypeOf<Snapshot>()
  expectTypeOf<ReturnType<Supervisor['on']>>().toEqualTypeOf<() => void>()
  expectTypeOf<ReturnType<Supervisor['events']>>().toExtend<AsyncIterable<SupervisorReport>>()
  // @ts-expect-error: no such way to stop
  expectTypeOf<Supervisor['stop']>().toBeCallableWith('at once')
})

it('a report is narrowed by its type', () => {
  const narrow = (report: SupervisorReport): unknown => {
    // @ts-expect-error: not every report is about a worker
    void report.pid
    switch (report.type) {
      case 'worker-ready':
        expectTypeOf(report.pid).toEqualTypeOf<number | null>()
        expectTypeOf(report.afterMs).toBeNumber()
        return report.index
      case 'worker-exited':
        expectTypeOf(report.signal).toEqualTypeOf<string | null>()
        expectTypeOf(report.restartInMs).toEqualTypeOf<number | null>()
        return report.code
      case 'listener-bound':
        expectTypeOf(report.address).toBeString()
        return report.address
      case 'stopped':
        // @ts-expect-error: only a failed one has a failure
        void report.outcome.failure
        return report.outcome.kind
      default:
        // @ts-expect-error: that case is over
        return report.type === 'worker-ready'
    }
  }
  expect(narrow({ type: 'stopped', outcome: { kind: 'forced' } })).toBe('forced')
})

it('an error has a code of a known set', () => {
  const error = new SupervisorError('SUPERVISOR_STOPPED', 'it was stopped.', 'Start a new one.')
  expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
  expectTypeOf(error.exitCode).toBeNumber()
  expectTypeOf(error.hint).toBeString()
  // @ts-expect-error: no such code
  expect(error.code === 'SUPERVISOR_WHATEVER').toBe(false)
})

it('the worker is what the app sees of it, and harmless here', () => {
  expectTypeOf(worker).toEqualTypeOf<AppWorker>()
  expectTypeOf(worker.isSupervised).toBeBoolean()
  worker.onDrain(async (signal) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
  })
  worker.onShutdown(() => {})
  // @ts-expect-error: its place is given to it
  expect(() => (worker.index = 1)).toThrow(TypeError)
  // @ts-expect-error: a listener is a function
  expectTypeOf(worker.onShutdown).toBeCallableWith('close')
})
