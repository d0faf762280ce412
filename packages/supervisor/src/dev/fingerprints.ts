import { stat } from 'node:fs/promises'

/** What files were like at a moment, to find those that are others now, whatever events have said. */
export class Fingerprints {
  readonly #prints: ReadonlyMap<string, string>

  private constructor(prints: ReadonlyMap<string, string>) {
    this.#prints = prints
  }

  static async take(files: readonly string[]): Promise<Fingerprints> {
    const prints = await Promise.all(files.map(fingerprint))
    return new Fingerprints(new Map(files.map((file, index) => [file, prints[index] ?? ''])))
  }

  /** The files that are not what they were: written, replaced, gone, or there again. */
  async changed(): Promise<string[]> {
    const files = [...this.#prints.keys()]
    const prints = await Promise.all(files.map(fingerprint))
    return files.filter((file, index) => prints[index] !== this.#prints.get(file))
  }
}

/** The inode tells a file that was put in another one's place, with the size and time of the former, too. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { size, mtimeNs, ino, dev } = await stat(file, { bigint: true })
    return `${size} ${mtimeNs} ${ino} ${dev}`
  } catch {
    return 'gone'
  }
}

/** The files of which the inode has changed since `at`, by the system's clock: written, replaced, or gone. */
export async function changedSince(files: readonly string[], at: number): Promise<string[]> {
  const changes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ctimeMs }) => ctimeMs > at,
        () => true,
      ),
    ),
  )
  return files.filter((_, index) => changes[index])
}
