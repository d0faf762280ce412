import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'

interface Problem {
  readonly statusCode: number
  readonly error: string
  readonly message: string
}

/** Thrown by a handler whose caller asked for something that does not exist. */
export class NotFoundError extends Error {
  readonly statusCode = 404
}

export function addProblemHandlers(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    send(reply, 404, `There is nothing at ${request.method} ${request.url}; GET / lists what is.`),
  )
  app.setErrorHandler(answerError)
}

/** Ajv says `querystring/at must match pattern "^([01]…`, which tells a caller of the API little. */
export function describeInvalid(errors: FastifySchemaValidationError[]): Error {
  const [first] = errors
  if (first === undefined) return new Error('The request is not valid.')
  const { keyword, params, instancePath, message } = first
  if (keyword === 'required') return new Error(`"${String(params['missingProperty'])}" is missing.`)
  const name = instancePath.slice(1)
  if (keyword === 'pattern') return new Error(`"${name}" must be a time from 00:00 to 23:59.`)
  return new Error(`"${name}" ${message ?? 'is not valid'}.`)
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500
  if (status < 500) return send(reply, status, error.message)
  request.log.error(error)
  // The details are for the log: they could tell a stranger about the inside of the app.
  return send(reply, status, 'The app failed to answer this request.')
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [500, 'Internal Server Error'],
])

function send(reply: FastifyReply, statusCode: number, message: string): FastifyReply {
  const problem: Problem = { statusCode, error: NAMES.get(statusCode) ?? 'Error', message }
  return reply.code(statusCode).send(problem)
}
