import { describe, expect, it } from 'vitest'
import { OPTION_NAMES, OPTIONS, variableOf } from '../../packages/supervisor/src/config/options.ts'
import { VARIABLES } from '../config/variables.ts'
import type { StartOptions } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { failureOf } from './failure.ts'

/** The rows of `--print-config`: name to value and origin. */
async function printed(args: readonly string[], options?: StartOptions): Promise<Map<string, readonly string[]>> {
  const { exitCode, stdout, stderr } = await failureOf(['--print-config', ...args], options)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const [table = ''] = stdout.split('\n\n')
  return new Map(
    table.split('\n').map((row) => {
      const [name = '', value = '', origin = ''] = row.split(/ {2,}/)
      return [name, [value, origin]]
    }),
  )
}

describe('--print-config', () => {
  it('shows every option, the app and its arguments, and starts nothing', async () => {
    const rows = await printed(['nowhere.js', '--', '--verbose'])
    expect([...rows.keys()]).toEqual(['app', 'args', ...OPTION_NAMES])
    expect(rows.get('app')).toEqual([`'nowhere.js'`, 'command line'])
    expect(rows.get('args')).toEqual([`[ '--verbose' ]`, 'command line'])
    expect(rows.get('bind')).toEqual([`[ '127.0.0.1:8000' ]`, 'default'])
    expect(rows.get('bootTimeoutMs')).toEqual(['60000', 'default'])
  })

  it('shows where each value was set, whichever of all places that was', async () => {
    using folder = new Folder()
    folder.write('supervisor.config.json', JSON.stringify({ app: 'app.js', workers: 2, bootTimeoutMs: 5000 }))
    folder.write('.env', 'PORT=3000\nWEB_CONCURRENCY=3\n')
    const args = ['--env-file', '.env', '--graceful-timeout', '10', '--factory']
    const rows = await printed(args, {
      cwd: folder.path,
      env: { SUPERVISOR_KILL_TIMEOUT: '1', WEB_CONCURRENCY: '4' },
    })
    expect(Object.fromEntries(rows)).toMatchObject({
      app: [`'app.js'`, 'supervisor.config.json'],
      args: ['[]', 'default'],
      workers: ['4', 'WEB_CONCURRENCY'],
      bind: [`[ '0.0.0.0:3000' ]`, 'PORT (env file)'],
      envFile: [`[ '.env' ]`, '--env-file'],
      factory: ['true', '--factory'],
      bootTimeoutMs: ['5000', 'supervisor.config.json'],
      gracefulTimeoutMs: ['10000', '--graceful-timeout'],
      killTimeoutMs: ['1000', 'SUPERVISOR_KILL_TIMEOUT'],
      readyPath: ['null', 'default'],
    })
  })

  it('shows the variable of every option as its origin', async () => {
    using folder = new Folder()
    folder.write('.env', '')
    // `--ready-path` has no meaning beside `--ready signal`, nor `--sticky` beside `--accept cluster`; a folder and env
    // files have to be there.
    const own = { ready: 'listen', sticky: 'off', chdir: folder.path, envFile: '.env' } as const
    const entries = OPTION_NAMES.map((name) => [
      variableOf(OPTIONS[name]),
      (own as { readonly [key: string]: string })[name] ?? VARIABLES[name][0],
    ])
    const rows = await printed(['app.js'], { env: Object.fromEntries(entries) as Record<string, string> })
    for (const name of OPTION_NAMES) expect(rows.get(name)?.[1]).toBe(variableOf(OPTIONS[name]))
    expect(rows.get('bind')?.[0]).toBe(`[ ':80', 'unix:/run/app.sock' ]`)
  })

  it('shows what is wrong, where something is', async () => {
    const { exitCode, stdout, stderr } = await failureOf(['--print-config', '--workers', '0'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('--workers 0: ')
  })
})
