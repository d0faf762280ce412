import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../packages/supervisor/src/errors.ts'
import { ROOT } from './harness/cli.ts'

const SRC = join(ROOT, 'packages/supervisor/src')
const LONGEST_FILE = 250

interface Import {
  /** The file that is imported, relative to `src`, or the name of a package or module of Node. */
  readonly target: string
  /** Whether nothing is left of it once it is compiled. */
  readonly isType: boolean
}

/** What a file imports or exports again, in the forms that this project uses. */
function importsOf(file: string, source: string): Import[] {
  const statement = /^(?:import|export)\s+(?<what>[^'"]*?)\s*from\s*'(?<from>[^']+)'/gm
  const bare = /^import\s*'(?<from>[^']+)'/gm
  const dynamic = /\bimport\(\s*'(?<from>[^']+)'/g
  const found = [statement, bare, dynamic].flatMap((form) =>
    [...source.matchAll(form)].map((match) => match.groups ?? {}),
  )
  return found.map(({ what = '', from = '' }) => ({
    target: from.startsWith('.') ? join(dirname(file), from) : from,
    isType: isTypeOnly(what),
  }))
}

function isTypeOnly(what: string): boolean {
  if (/^type\b/.test(what)) return true
  const names = /^\{(?<names>[^}]*)\}$/.exec(what)?.groups?.['names']?.split(',') ?? ['']
  return names.map((name) => name.trim()).every((name, index) => /^type\b/.test(name) || (name === '' && index > 0))
}

function readSources(): Map<string, string> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(SRC, file), 'utf8')]))
}

const SOURCES = readSources()
const IMPORTS = new Map([...SOURCES].map(([file, source]) => [file, importsOf(file, source)]))

function isPackage(target: string): boolean {
  return !target.startsWith('node:') && !SOURCES.has(target)
}

/** The imports of the files that begin with `layer` for which `isAllowed` does not hold, one a line. */
function strays(layer: string, isAllowed: (imported: Import) => boolean): string[] {
  return [...IMPORTS]
    .filter(([file]) => file.startsWith(layer))
    .flatMap(([file, imports]) =>
      imports.filter((imported) => !isAllowed(imported)).map(({ target }) => `${file} imports ${target}`),
    )
}

function isWithin(...layers: readonly string[]): (imported: Import) => boolean {
  return ({ target }) => layers.some((layer) => target.startsWith(layer))
}

function isTypeOfCore({ target, isType }: Import): boolean {
  return isType && target.startsWith('core/')
}

function isTypeOfConfig({ target, isType }: Import): boolean {
  return isType && target.startsWith('config/')
}

/** Whether a file imports something of a layer that is there when it runs. */
function loads(file: string, layer: string): boolean {
  return (IMPORTS.get(file) ?? []).some(({ target, isType }) => !isType && target.startsWith(layer))
}

/** Every file that is loaded with this one. */
function loadedWith(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const { target, isType } of IMPORTS.get(file) ?? []) if (!isType) loadedWith(target, seen)
  return seen
}

describe('the reader of imports', () => {
  it('finds every form, and tells types from the rest', () => {
    const source = [
      `import cluster, { type Worker } from 'node:cluster'`,
      `import { type A, type B } from './types.ts'`,
      `import type { C } from '../core/types.ts'`,
      `import * as v from 'valibot'`,
      `import {`,
      `  type D,`,
      `  e,`,
      `} from './e.ts'`,
      `import {`,
      `  type F,`,
      `} from './f.ts'`,
      `import './side-effect.ts'`,
      `export { g } from './g.ts'`,
      `export type { H } from './h.ts'`,
      `const late = await import('./late.ts')`,
    ]
    expect(importsOf('host/host.ts', source.join('\n'))).toEqual([
      { target: 'node:cluster', isType: false },
      { target: 'host/types.ts', isType: true },
      { target: 'core/types.ts', isType: true },
      { target: 'valibot', isType: false },
      { target: 'host/e.ts', isType: false },
      { target: 'host/f.ts', isType: true },
      { target: 'host/g.ts', isType: false },
      { target: 'host/h.ts', isType: true },
      { target: 'host/side-effect.ts', isType: false },
      { target: 'host/late.ts', isType: false },
    ])
  })

  it('overlooks none: every relative import is a file that there is', () => {
    const said = [...SOURCES.values()].join('\n').match(/\bfrom '|^import '|\bimport\('/gm) ?? []
    expect([...IMPORTS.values()].flat()).toHaveLength(said.length)
    expect(strays('', ({ target }) => SOURCES.has(target) || !target.endsWith('.ts'))).toEqual([])
  })
})

/** What only `--reload` loads, in the order of the files that import them. */
const DEVELOPMENT_PACKAGES: readonly string[] = ['chokidar', 'ignore', 'picomatch']

/** What serves an app that has `fetch(request)`; it is imported when such an app has been found. */
const ADAPTER = 'srvx/node'

describe('arrows point one way', () => {
  it('the core imports nothing but the core: no module of Node, no package', () => {
    expect(strays('core/', isWithin('core/'))).toEqual([])
  })

  it('the core knows no clock, no timer, no chance and no process', () => {
    const impure =
      /\b(process|performance|setTimeout|setInterval|setImmediate|queueMicrotask|console)\b|\bDate\b|Math\.random/
    for (const [file, source] of SOURCES) {
      if (file.startsWith('core/')) expect(withoutComments(source), file).not.toMatch(impure)
    }
  })

  it('a worker imports the worker, the protocol, HTTP, modules of Node, and types of the core and the hooks', () => {
    const isAllowed = isWithin('worker/', 'protocol/', 'http/', 'node:', ADAPTER)
    const isType = (imported: Import): boolean => isTypeOfCore(imported) || isTypeOfConfig(imported)
    expect(strays('worker/', (imported) => isAllowed(imported) || isType(imported))).toEqual([])
  })

  it('HTTP imports itself, the protocol and modules of Node', () => {
    expect(strays('http/', isWithin('http/', 'protocol/', 'node:'))).toEqual([])
  })

  it('a worker loads no package into the process of an app, but for the adapter that some apps need', () => {
    const loaded = [...loadedWith('worker/agent.ts')]
    expect(loaded).toContain('worker/worker.ts')
    expect(loaded.filter(isPackage)).toEqual([ADAPTER])
    const late = new RegExp(`await import\\('${ADAPTER}'\\)`)
    expect(SOURCES.get('worker/offer.ts')).toMatch(late)
  })

  it('the error page is as light as a worker: it loads modules of Node and of its own alone', () => {
    const loaded = [...loadedWith('dev/page-app.ts')]
    expect(loaded).toContain('dev/page.ts')
    expect(loaded.filter((file) => !file.startsWith('dev/') && !file.startsWith('node:'))).toEqual([])
  })

  it('the protocol imports the protocol and types of the core, and one package to check what it reads', () => {
    const isAllowed = isWithin('protocol/', 'node:string_decoder', 'valibot')
    expect(strays('protocol/', (imported) => isAllowed(imported) || isTypeOfCore(imported))).toEqual([])
  })

  it('the host imports the host, the protocol, errors, modules of Node, and types of the core and configuration', () => {
    const isAllowed = isWithin('host/', 'protocol/', 'errors.ts', 'node:', 'ws')
    const isType = (imported: Import): boolean => isTypeOfCore(imported) || isTypeOfConfig(imported)
    expect(strays('host/', (imported) => isAllowed(imported) || isType(imported))).toEqual([])
  })

  it('the host loads the one package that it needs when a worker hangs, and not before', () => {
    const importers = [...IMPORTS].filter(([, imports]) => imports.some(({ target }) => target === 'ws'))
    expect(importers.map(([file]) => file)).toEqual(['host/devtools.ts'])
    expect(SOURCES.get('host/devtools.ts')).not.toMatch(/^import (?!type).*'ws'/m)
  })

  it('development imports itself, the host, the protocol, errors, its packages, and types of the core and the loop', () => {
    const isAllowed = isWithin(
      'dev/',
      'host/',
      'protocol/',
      'errors.ts',
      'boot-error.ts',
      'node:',
      ...DEVELOPMENT_PACKAGES,
    )
    const isType = (imported: Import): boolean =>
      isTypeOfCore(imported) || (imported.isType && imported.target === 'loop.ts')
    expect(strays('dev/', (imported) => isAllowed(imported) || isType(imported))).toEqual([])
  })

  it('what production does not need is loaded in development alone', () => {
    const late = new Set(['dev/development.ts', 'dev/page-settings.ts', ...DEVELOPMENT_PACKAGES])
    const outside = [...SOURCES].filter(([file]) => !file.startsWith('dev/'))
    for (const [file, source] of outside) {
      const eager = [...source.matchAll(/^import (?!type)[^']*'(?<from>[^']+)'/gm)].map(
        ({ groups }) => groups?.['from'] ?? '',
      )
      const targets = eager.map((from) => (from.startsWith('.') ? join(dirname(file), from) : from))
      expect(
        targets.filter((target) => late.has(target)),
        file,
      ).toEqual([])
    }
  })

  it('the configuration knows nothing of processes', () => {
    expect(
      strays('config/', (imported) => !isWithin('host/', 'worker/', 'cli/', 'loop.ts', 'supervisor.ts')(imported)),
    ).toEqual([])
  })

  it('only the loop brings the core and the host together', () => {
    const both = [...SOURCES.keys()].filter((file) => loads(file, 'core/') && loads(file, 'host/'))
    expect(both).toEqual(['loop.ts'])
  })

  it('nobody imports the command line', () => {
    const importers = [...IMPORTS].filter(([, imports]) => imports.some(({ target }) => target.startsWith('cli/')))
    expect(importers.map(([file]) => file).filter((file) => !file.startsWith('cli/'))).toEqual([])
  })

  it('who uses the library loads no package of the command line', () => {
    const packages = [...loadedWith('index.ts')].filter(isPackage)
    expect(packages).toEqual(['valibot', 'ws', ...DEVELOPMENT_PACKAGES])
  })
})

describe('private interfaces of Node', () => {
  it.each([
    ['_createServerHandle', 'host/bound-socket.ts'],
    ['_getServer', 'worker/seam.ts'],
    ['_handle', 'worker/process.ts'],
  ])('%s is named in one file alone', (name, file) => {
    const named = new RegExp(`\\b${name}\\b`)
    expect([...SOURCES].filter(([, source]) => named.test(withoutComments(source))).map(([file]) => file)).toEqual([
      file,
    ])
  })
})

describe('files', () => {
  it(`have at most ${LONGEST_FILE} lines`, () => {
    const lengths = [...SOURCES].map(([file, source]) => [file, source.trimEnd().split('\n').length] as const)
    expect(lengths.filter(([, length]) => length > LONGEST_FILE)).toEqual([])
  })

  it('are called after what they are about', () => {
    const empty = /^(utils?|helpers?|misc|common|.*-?(utils?|helpers?)|.*(manager|master).*)$/
    const names = [...SOURCES.keys()].map((file) => basename(file, '.ts'))
    expect(names.filter((name) => empty.test(name) || !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([])
  })

  it('say supervisor, never master', () => {
    expect([...SOURCES].filter(([, source]) => /master/i.test(source)).map(([file]) => file)).toEqual([])
  })

  it('lie in folders, but for the public ones', () => {
    expect([...SOURCES.keys()].filter((file) => dirname(file) === '.')).toEqual([
      'audience.ts',
      'boot-error.ts',
      'errors.ts',
      'index.ts',
      'loop.ts',
      'prepare.ts',
      'reload.ts',
      'supervisor.ts',
    ])
  })
})

describe('errors', () => {
  const source = SOURCES.get('errors.ts') ?? ''

  it('have an exit code each, of those that are documented', () => {
    const codes = new Set(source.match(/SUPERVISOR_[A-Z_]+/g))
    expect(codes.size).toBeGreaterThan(10)
    expect(Object.keys(EXIT_CODES).toSorted()).toEqual([...codes].toSorted())
    for (const exitCode of Object.values(EXIT_CODES)) expect([1, 2, 3, 4]).toContain(exitCode)
  })

  it('are all raised somewhere', () => {
    const all = [...SOURCES.values()].join('\n')
    for (const code of Object.keys(EXIT_CODES)) {
      // Once in the list of codes, once with its exit code, and where it is raised.
      expect(all.match(new RegExp(`'?\\b${code}\\b`, 'g'))?.length, code).toBeGreaterThanOrEqual(3)
    }
  })
})

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
}
