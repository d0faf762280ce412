import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Packages that are left to the app in any case, as their import reads files of the app and says what the environment
 * is. Others read it too, which does no harm: a spare has the environment that the app made last time.
 */
export const LEFT_TO_APP: readonly string[] = [
  '@dotenvx/dotenvx',
  'config',
  'dotenv',
  'dotenv-defaults',
  'dotenv-expand',
  'dotenv-flow',
  'dotenv-safe',
  'env-cmd',
]

const MANIFEST = 'package.json'
const LOCKFILES: readonly string[] = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
]
/** What tells that packages have been installed: npm, pnpm, yarn. */
const INSTALLED: readonly string[] = ['.package-lock.json', '.modules.yaml', '.yarn-state.yml']
const FIELDS: readonly string[] = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

/** Package managers write the manifest, the lockfile and what they have installed one after the other. */
const TELL_AFTER_MS = 1000
const INSTALLED_LATELY_MS = 10_000

interface List {
  readonly text: string
  /** The packages that it asks for. */
  readonly wanted: string
}

/**
 * Tells of packages that are asked for and not installed yet. A list of packages is no code: what runs changes when they
 * have been installed, which is a change like any other.
 */
export class Dependencies {
  /** Files that count wherever they are. */
  readonly files: readonly string[]
  readonly #installed: readonly string[]
  readonly #known = new Map<string, List | null>()
  readonly #onMissing: (text: string) => void
  #timer: NodeJS.Timeout | undefined

  /** `folder` is the one that the app runs in. */
  constructor(folder: string, onMissing: (text: string) => void) {
    const places = new Set([nearest(folder, [MANIFEST]), nearest(folder, LOCKFILES)])
    const lists = [...places].flatMap((place) => [MANIFEST, ...LOCKFILES].map((name) => join(place, name)))
    for (const file of lists) this.#known.set(file, read(file))
    this.#installed = [...places].flatMap((place) => INSTALLED.map((name) => join(place, 'node_modules', name)))
    this.files = [...lists, ...this.#installed]
    this.#onMissing = onMissing
  }

  /** The files among these that the app may be made of: lists of packages are left out. */
  filter(files: readonly string[]): string[] {
    return files.filter((file) => !this.#known.has(file) || !this.#takeIn(file))
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  /** Returns whether nothing but packages is concerned, or nothing at all: one save may be seen several times. */
  #takeIn(file: string): boolean {
    const list = read(file)
    const known = this.#known.get(file)
    // Half a file: the rest is on its way, and will be told of.
    if (list === null || list.text === known?.text) return true
    this.#known.set(file, list)
    if (list.wanted === known?.wanted) return false
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tell(file), TELL_AFTER_MS).unref()
    return true
  }

  #tell(file: string): void {
    const latest = Math.max(
      ...this.#installed.map((marker) => statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0),
    )
    if (Date.now() - latest < INSTALLED_LATELY_MS) return
    this.#onMissing(
      `${basename(file)} asks for other packages: install them, or rebuild the image. ` +
        'The reload comes when they have been installed',
    )
  }
}

/** The folder, or the nearest above it, that has one of these files; the folder itself if there is none. */
function nearest(folder: string, names: readonly string[]): string {
  for (let place = folder; ; place = dirname(place)) {
    if (names.some((name) => existsSync(join(place, name)))) return place
    if (dirname(place) === place) return folder
  }
}

/** What a file says; null if that can't be read. */
function read(file: string): List | null {
  try {
    const text = readFileSync(file, 'utf8')
    if (basename(file) !== MANIFEST) return { text, wanted: text }
    const manifest = JSON.parse(text) as Readonly<Record<string, unknown>>
    return { text, wanted: JSON.stringify(FIELDS.map((field) => manifest[field] ?? {})) }
  } catch {
    return null
  }
}
