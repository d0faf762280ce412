import { describe, expect, it } from 'vitest'
import { refusalOf, resolve } from './resolving.ts'

const UNKNOWN = { code: 'SUPERVISOR_OPTION_UNKNOWN', exitCode: 2 }

describe('a key of a config file that does not exist', () => {
  it.each([
    ['worker', 'workers'],
    ['bootTimeout', 'bootTimeoutMs'],
    ['envfile', 'envFile'],
    ['hook', 'hooks'],
    ['loglevel', 'logLevel'],
  ])('is refused, and the nearest one is named: %s', (key, near) => {
    const error = refusalOf({ file: { [key]: 1 } })
    expect(error).toMatchObject({ ...UNKNOWN, hint: `Did you mean ${near}?` })
    expect(error.message).toBe(`there is no key "${key}" in supervisor.config.js.`)
  })

  it.each(['keepAliveForEver', 'constructor', 'toString'])(
    'is not compared with one that looks nothing like it: %s',
    (key) => {
      expect(refusalOf({ file: { [key]: 1 } }).hint).toContain('supervisor --help')
    },
  )

  it('is refused although a flag would win over it', () => {
    expect(refusalOf({ flags: { workers: ['2'] }, file: { worker: 3 } })).toMatchObject(UNKNOWN)
  })

  it('is not what editors need: $schema', () => {
    expect(resolve({ file: { $schema: './config.schema.json', workers: 3 } }).workers).toBe(3)
  })
})

describe('a hook that does not exist', () => {
  it.each([
    ['onStart', 'onStarting'],
    ['workerexit', 'workerExit'],
    ['postfork', 'postFork'],
  ])('is refused, and the nearest one is named: %s', (hook, near) => {
    const error = refusalOf({ file: { hooks: { [hook]: () => {} } } })
    expect(error).toMatchObject({ ...UNKNOWN, hint: `Did you mean ${near}?` })
    expect(error.message).toBe(`there is no hook "${hook}" in supervisor.config.js.`)
  })

  it.each([
    [{ onExit: 'goodbye' }, 'the hook onExit must be a function, not string'],
    [{ onExit: null }, 'the hook onExit must be a function'],
    [() => {}, 'hooks must be an object'],
    [null, 'hooks must be an object'],
    [[], 'hooks must be an object'],
    ['onExit', 'hooks must be an object'],
  ])('is told from one that is no function: %o', (hooks, problem) => {
    const error = refusalOf({ file: { hooks } })
    expect(error.code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(error.message).toContain(`supervisor.config.js: ${problem}`)
    expect(error.hint).toContain('workerReady')
  })
})

describe('a variable that begins with SUPERVISOR_', () => {
  it.each([
    ['SUPERVISOR_WORKER', 'SUPERVISOR_WORKERS'],
    ['SUPERVISOR_BOOT_TIMEOUTS', 'SUPERVISOR_BOOT_TIMEOUT'],
    ['SUPERVISOR_ENVFILE', 'SUPERVISOR_ENV_FILE'],
  ])('is refused when it is a slip, and the nearest one is named: %s', (name, near) => {
    const error = refusalOf({ env: { [name]: '4' } })
    expect(error).toMatchObject({ ...UNKNOWN, hint: `Did you mean ${near}?` })
    expect(error.message).toBe(`there is no variable ${name}.`)
  })

  it('is left alone when it is not ours: Kubernetes sets some for a service called supervisor', () => {
    const env = {
      SUPERVISOR_PORT: 'tcp://10.0.0.1:80',
      SUPERVISOR_PORT_80_TCP: 'tcp://10.0.0.1:80',
      SUPERVISOR_PORT_80_TCP_ADDR: '10.0.0.1',
      SUPERVISOR_SERVICE_HOST: '10.0.0.1',
      SUPERVISOR_SERVICE_PORT: '80',
      SUPERVISOR_ENABLED: '1',
    }
    expect(resolve({ env })).toEqual(resolve())
  })

  it('is left alone when a supervisor around this one has set it for its worker', () => {
    const env = { SUPERVISOR_WORKER_INDEX: '0', SUPERVISOR_WORKER_GENERATION: '1' }
    expect(resolve({ env })).toEqual(resolve())
  })
})

describe('values that contradict each other', () => {
  it.each([
    [['--mode listen', '--factory'], { flags: { mode: ['listen'], factory: ['true'] } }],
    [['--mode listen', '--bind'], { flags: { mode: ['listen'], bind: [':80'] } }],
    [['--mode listen', '--bind'], { flags: { mode: ['listen'] }, file: { bind: ':80' } }],
    [['--mode listen', '--bind'], { flags: { mode: ['listen'] }, env: { SUPERVISOR_BIND: ':80' } }],
    [['--sticky ip', '--accept cluster'], { flags: { sticky: ['ip'], accept: ['cluster'] } }],
    [['--ready signal', '--ready-path'], { flags: { ready: ['signal'], 'ready-path': ['/health'] } }],
    [['--ready signal', '--ready-path'], { file: { ready: 'signal', readyPath: '/health' } }],
  ])('are refused by name: %s', (names, said) => {
    const { code, message } = refusalOf(said)
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    for (const name of names) expect(message).toContain(name)
    expect(message).toContain('contradict each other')
  })

  it('do not do so where the address was not meant for the app alone', () => {
    expect(resolve({ flags: { mode: ['listen'] }, env: { PORT: '3000' } }).mode).toBe('listen')
    expect(resolve({ flags: { mode: ['listen'] }, activatedFds: [3] }).mode).toBe('listen')
    expect(resolve({ flags: { mode: ['listen'] }, envFiles: { PORT: '3000' } }).mode).toBe('listen')
  })

  it('are told from a path that does not begin with a slash', () => {
    expect(refusalOf({ flags: { 'ready-path': ['health'] } }).message).toMatch('--ready-path health: ')
  })
})

describe('a value of a config file', () => {
  it.each([
    ['workers', '4'],
    ['workers', 1.5],
    ['workers', null],
    ['bind', 8000],
    ['bind', [':80', 'nonsense']],
    ['bind', []],
    ['factory', 'yes'],
    ['bootTimeoutMs', '60'],
    ['bootTimeoutMs', 60],
    ['bootTimeoutMs', Number.NaN],
    ['readyPath', null],
    ['import', [1]],
    ['logLevel', 'loud'],
  ])('of the wrong type, or that makes no sense, is refused by name: %s: %o', (name, value) => {
    const { code, exitCode, message } = refusalOf({ file: { [name]: value } })
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_OPTION_INVALID', exitCode: 2 })
    expect(message).toMatch(`supervisor.config.js: ${name}: `)
    expect(message).toMatch(/\.$/)
  })

  it('is in milliseconds where it is a time, and may be one text where a list is', () => {
    const file = { bootTimeoutMs: 1500, bind: ':80', import: './a.js', envFile: ['.env'], readyPath: '/health' }
    expect(resolve({ file })).toMatchObject({
      bootTimeoutMs: 1500,
      bind: [{ kind: 'tcp', host: null, port: 80 }],
      import: ['./a.js'],
      envFile: ['.env'],
      readyPath: '/health',
    })
  })

  it('that is undefined counts as not set', () => {
    expect(resolve({ file: { workers: undefined, bind: undefined } })).toEqual(resolve())
  })
})
