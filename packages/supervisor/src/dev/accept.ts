/** The forms in which a failure is told. */
export type Form = 'html' | 'json' | 'text'

/** What a client asks for by its header `Accept`; text where it has no wish, like curl. */
export function formFor(accept: string | undefined): Form {
  let best: Form = 'text'
  let bestQuality = 0
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
    const form = formOf(type)
    const quality = qualityOf(parameters)
    // Of equals, the one that is named first.
    if (form === null || quality <= bestQuality) continue
    best = form
    bestQuality = quality
  }
  return best
}

function formOf(type: string): Form | null {
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html'
  if (type === 'application/json' || type === 'application/*' || /^application\/[\w.-]+\+json$/.test(type))
    return 'json'
  return type === 'text/plain' || type === 'text/*' || type === '*/*' ? 'text' : null
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = given === undefined ? 1 : Number(given.slice(2))
  return Number.isNaN(quality) ? 0 : quality
}
