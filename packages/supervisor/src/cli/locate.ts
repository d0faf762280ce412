import { SupervisorError, type ErrorCode } from '../errors.ts'
import { syntaxPlace } from '../host/syntax-place.ts'

const OF_LOADING: readonly ErrorCode[] = ['SUPERVISOR_APP_NOT_LOADED', 'SUPERVISOR_CONFIG_NOT_LOADED']

/** Adds the place to a syntax error in an ES module, which Node keeps from those who catch the error. */
export async function locate(error: SupervisorError, file: string): Promise<SupervisorError> {
  if (!OF_LOADING.includes(error.code) || error.detail?.startsWith('SyntaxError') !== true) return error
  const place = await syntaxPlace(file)
  if (place === null) return error
  return new SupervisorError(error.code, error.message, error.hint, place)
}
