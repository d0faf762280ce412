import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { fixture } from '../harness/cli.ts'
import { within } from '../harness/until.ts'

/** An app that exports an https.Server; `answer` is its code. */
export function secureServerOf(answer: string): string {
  return `
    import { readFileSync } from 'node:fs'
    import { createServer } from 'node:https'
    const folder = ${JSON.stringify(fixture('tls'))}
    const options = { key: readFileSync(folder + '/key.pem'), cert: readFileSync(folder + '/cert.pem') }
    export default createServer(options, (request, response) => { ${answer} })`
}

/** What is answered over HTTPS. */
export function askSecurely(port: number, path: string): Promise<string> {
  const body = new Promise<string>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false }, (response) =>
      resolve(text(response)),
    )
      .on('error', reject)
      .end()
  })
  return within('an answer over HTTPS', body)
}
