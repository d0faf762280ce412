import type { Options } from '../../packages/supervisor/src/config/config.ts'

/** For each option a text that its variable can have, other than its default, and the value that this means. */
export const VARIABLES: { readonly [Name in keyof Options]: readonly [string, Options[Name]] } = {
  workers: ['auto', 'auto'],
  bind: [
    ':80 unix:/run/app.sock',
    [
      { kind: 'tcp', host: null, port: 80 },
      { kind: 'unix', path: '/run/app.sock' },
    ],
  ],
  accept: ['cluster', 'cluster'],
  mode: ['export', 'export'],
  factory: ['1', true],
  ts: ['tsx', 'tsx'],
  chdir: ['/srv/my app', '/srv/my app'],
  envFile: ['.env .env.local', ['.env', '.env.local']],
  import: ['./a.js ./b.js', ['./a.js', './b.js']],
  require: ['./a.cjs', ['./a.cjs']],
  nodeArgs: ['--expose-gc --no-warnings', ['--expose-gc', '--no-warnings']],
  ready: ['signal', 'signal'],
  readyPath: ['/health', '/health'],
  bootTimeoutMs: ['1.5', 1500],
  gracefulTimeoutMs: ['0', 0],
  killTimeoutMs: ['7', 7000],
  logLevel: ['warn', 'warn'],
  logFormat: ['json', 'json'],
}
