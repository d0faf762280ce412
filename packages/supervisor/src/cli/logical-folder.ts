import { realpathSync } from 'node:fs'

/** The folder by the name that it was entered under, such as `/srv/app/current`; its real path may change. */
export function logicalFolder(env: Readonly<NodeJS.ProcessEnv>): string {
  const folder = process.cwd()
  const { PWD: name } = env
  try {
    return name !== undefined && realpathSync(name) === folder ? name : folder
  } catch {
    return folder
  }
}
