import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Project } from '../frameworks/project.ts'

/** Releases in folders of their own, and a link `current` to one of them, as deploy tools lay them out. */
export class Releases extends Project {
  constructor(name: string, files: Readonly<Record<string, string>>) {
    super({})
    this.deploy(name, files)
  }

  /** The folder to start in. */
  get current(): string {
    return join(this.path, 'current')
  }

  /** Lays out a release, and moves the link to it in one step. */
  deploy(name: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(this.path, name))
    for (const [file, text] of Object.entries(files)) this.write(join(name, file), text)
    symlinkSync(name, join(this.path, 'next'))
    renameSync(join(this.path, 'next'), this.current)
  }
}
