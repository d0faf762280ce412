import { describe, expect, it } from 'vitest'
import { OPTION_NAMES, OPTIONS, variableOf } from '../../packages/supervisor/src/config/options.ts'
import { VARIABLES } from './variables.ts'
import { refusalOf, resolve, resolveAll } from './resolving.ts'

const FLAG = { flags: { workers: ['6'] } }
const VARIABLE = { SUPERVISOR_WORKERS: '5' }
const CONVENTION = { WEB_CONCURRENCY: '4' }
const ENV_FILE = { envFiles: { WEB_CONCURRENCY: '3' } }
const FILE = { file: { workers: 2 } }

describe('the same option in several places', () => {
  it.each([
    [6, '--workers', { ...FLAG, env: { ...VARIABLE, ...CONVENTION }, ...ENV_FILE, ...FILE }],
    [5, 'SUPERVISOR_WORKERS', { env: { ...VARIABLE, ...CONVENTION }, ...ENV_FILE, ...FILE }],
    [4, 'WEB_CONCURRENCY', { env: CONVENTION, ...ENV_FILE, ...FILE }],
    [3, 'WEB_CONCURRENCY (env file)', { ...ENV_FILE, ...FILE }],
    [2, 'supervisor.config.js', FILE],
    [1, 'default', {}],
  ])('counts from the first that sets it, and that one is named: %i from %s', (workers, origin, said) => {
    const { config, origins } = resolveAll(said)
    expect([config.workers, origins.workers]).toEqual([workers, origin])
  })

  it.each([
    [':6', '--bind', { flags: { bind: [':6'] }, env: { SUPERVISOR_BIND: ':5', PORT: '4' }, activatedFds: [7] }],
    [':5', 'SUPERVISOR_BIND', { env: { SUPERVISOR_BIND: ':5', PORT: '4' }, activatedFds: [7] }],
    ['fd://7', 'LISTEN_FDS', { env: { PORT: '4' }, activatedFds: [7] }],
    ['0.0.0.0:4', 'PORT', { env: { PORT: '4' }, envFiles: { PORT: '3' } }],
    ['0.0.0.0:3', 'PORT (env file)', { envFiles: { PORT: '3' } }],
    [':2', 'supervisor.config.js', {}],
  ])('counts so for the address too: %s from %s', (address, origin, said) => {
    const { config, origins } = resolveAll({ ...said, file: { bind: ':2' } })
    expect([config.bind, origins.bind]).toEqual([resolve({ flags: { bind: [address] } }).bind, origin])
  })

  it('is not read where it does not count', () => {
    expect(resolve({ ...FLAG, env: { SUPERVISOR_WORKERS: 'many' }, file: { workers: 'many' } }).workers).toBe(6)
    expect(resolve({ env: { SUPERVISOR_BIND: ':5', PORT: 'abc' }, file: { bind: 5 } }).bind).toHaveLength(1)
  })

  it('is left to the next place by a variable that is set to nothing, but not looked up in env files', () => {
    const { config, origins } = resolveAll({
      env: { SUPERVISOR_WORKERS: '', WEB_CONCURRENCY: '' },
      ...ENV_FILE,
      ...FILE,
    })
    expect([config.workers, origins.workers]).toEqual([2, 'supervisor.config.js'])
  })
})

describe('the app and its arguments', () => {
  it('come from the command line, else from the config file', () => {
    const file = { app: 'other.js', args: ['--two'] }
    const both = resolveAll({ app: 'app.js', args: ['--one'], file })
    expect(both.config).toMatchObject({ app: 'app.js', args: ['--one'] })
    expect(both.origins).toMatchObject({ app: 'command line', args: 'command line' })
    const alone = resolveAll({ app: null, file })
    expect(alone.config).toMatchObject({ app: 'other.js', args: ['--two'] })
    expect(alone.origins).toMatchObject({ app: 'supervisor.config.js', args: 'supervisor.config.js' })
    expect(resolveAll({ app: null }).config).toMatchObject({ app: null, args: [] })
  })

  it.each([
    [{ app: 4 }, 'app must be a text'],
    [{ args: 'verbose' }, 'args must be a list of texts'],
    [{ args: [1] }, 'args must be a list of texts'],
  ])('are refused where a file has them wrong: %o', (file, problem) => {
    expect(refusalOf({ file })).toMatchObject({ code: 'SUPERVISOR_OPTION_INVALID', exitCode: 2 })
    expect(refusalOf({ file }).message).toContain(`supervisor.config.js: ${problem}`)
  })
})

describe('a variable of our own', () => {
  it.each(OPTION_NAMES)('sets the option %s, and is named as its origin', (name) => {
    const [text, value] = VARIABLES[name]
    const variable = variableOf(OPTIONS[name])
    // Some have no meaning without others.
    const tls = { tlsCert: 'a', tlsKey: 'b', tlsCa: 'c', tlsClientAuth: 'required' }
    const { config, origins } = resolveAll({ env: { [variable]: text }, file: { maxRequests: 1, ...tls } })
    expect([config[name], origins[name]]).toEqual([value, variable])
    expect(variable).toBe(`SUPERVISOR_${OPTIONS[name].flag.toUpperCase().replaceAll('-', '_')}`)
  })

  it.each([
    ['SUPERVISOR_WORKERS', 'many'],
    ['SUPERVISOR_BIND', ':80 nonsense'],
    ['SUPERVISOR_FACTORY', 'yes'],
    ['SUPERVISOR_BOOT_TIMEOUT', '60s'],
  ])('is named when its value makes no sense: %s=%s', (name, text) => {
    const { code, message } = refusalOf({ env: { [name]: text } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toMatch(new RegExp(`^${name} ${text.split(' ').at(-1)}: `))
  })
})
