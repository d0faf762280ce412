import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { asgi, PACKAGES, type App } from './apps.ts'
import { path } from '../subjects/subject.ts'

/** A tool that runs an app and starts it anew when its file is saved. */
export interface Tool {
  readonly name: string
  /** What is missing on this machine; null if nothing is. */
  missing(): Promise<string | null>
  /** The command, called in the app's folder; null for an app that it can't run. */
  command(app: App, port: number): readonly string[] | null
  /** The file that it runs, where that is not the app itself. */
  readonly own?: { readonly file: string; source(edition: number): string }
}

const BIN = join(PACKAGES, 'node_modules')
const TSX = ['--import', 'tsx']
/** Debian's: whichever `python3` comes first in the path need not be the one that its packages are for. */
const PYTHON = '/usr/bin/python3'

export const PREFORK: Tool = {
  name: 'prefork',
  missing: () => Promise.resolve(null),
  command: ({ file }) => ['node', path('../packages/supervisor/bin/supervisor.js'), '--reload', file],
}

export const NODEMON: Tool = {
  name: 'nodemon',
  missing: () => Promise.resolve(null),
  command: ({ file, isTypeScript }) => {
    const nodemon = ['node', join(BIN, 'nodemon/bin/nodemon.js'), '--quiet']
    return isTypeScript ? [...nodemon, '--ext', 'ts', '--exec', ['node', ...TSX, file].join(' ')] : [...nodemon, file]
  },
}

const NODE_WATCH: Tool = {
  name: 'node --watch',
  missing: () => Promise.resolve(null),
  command: ({ file, isTypeScript }) => ['node', '--watch', ...(isTypeScript ? TSX : []), file],
}

const TSX_WATCH: Tool = {
  name: 'tsx watch',
  missing: () => Promise.resolve(null),
  command: ({ file }) => ['node', join(BIN, 'tsx/dist/cli.mjs'), 'watch', '--clear-screen=false', file],
}

const UVICORN: Tool = {
  name: 'uvicorn --reload',
  own: { file: 'app.py', source: asgi },
  missing: () => {
    const lack = `it takes uvicorn for ${PYTHON} (on Debian: python3-uvicorn)`
    if (!existsSync(PYTHON)) return Promise.resolve(lack)
    return new Promise((resolve) => {
      execFile(PYTHON, ['-c', 'import uvicorn'], (error) => resolve(error === null ? null : lack))
    })
  },
  // An app in another language is at most as comparable as a bare one.
  command: ({ name }, port) =>
    name === 'bare' ? [PYTHON, '-B', '-m', 'uvicorn', '--reload', '--port', `${port}`, 'app:app'] : null,
}

export const TOOLS: readonly Tool[] = [PREFORK, NODEMON, NODE_WATCH, TSX_WATCH, UVICORN]
