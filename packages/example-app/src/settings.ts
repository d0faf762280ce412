export interface Settings {
  readonly host: string
  readonly port: number
  readonly log: boolean
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problem: string }

export type Environment = Readonly<Record<string, string | undefined>>

export function readSettings(env: Environment): SettingsResult {
  // `||`, since an empty variable means "not set"; an empty HOST would listen on every interface.
  const host = env['HOST'] || '127.0.0.1'
  const port = env['PORT'] || '8080'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return { ok: false, problem: `PORT must be a whole number from 0 to 65535, not "${port}".` }
  }
  return { ok: true, settings: { host, port: Number(port), log: env['LOG'] === '1' } }
}
