import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until, within } from '../harness/until.ts'
import { exporting, origins, reload } from '../promises/release.ts'

const MEGABYTE = Buffer.alloc(1024 * 1024, 'a whole megabyte, or so ')
const MEGABYTES = 100
const WHOLE = createHash('sha256')
for (let sent = 0; sent < MEGABYTES; sent++) WHOLE.update(MEGABYTE)
const EXPECTED = { bytes: MEGABYTES * MEGABYTE.length, sha256: WHOLE.digest('hex') }

/** What the apps of `release.ts` answer, and two large bodies besides. */
function source(version: string): string {
  const large = `
    import { createHash } from 'node:crypto'
    import { Readable } from 'node:stream'
    const megabyte = Buffer.alloc(${MEGABYTE.length}, 'a whole megabyte, or so ')
    function* megabytes() { for (let sent = 0; sent < ${MEGABYTES}; sent++) yield megabyte }
    async function digest(request, response) {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of request) {
        if (bytes === 0) console.log('[receiving]')
        bytes += chunk.length
        hash.update(chunk)
      }
      response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') }))
    }`
  const handler = `
    export default (request, response) => {
      response.setHeader('x-pid', process.pid)
      if (request.url === '/download') Readable.from(megabytes()).pipe(response)
      else if (request.url === '/digest') void digest(request, response)
      else answer(request, response)
    }`
  return exporting(version, large).replace('export default answer', handler)
}

function asking(port: number, path: string, method: string): ClientRequest {
  return request({ port, path, method, host: '127.0.0.1', agent: false })
}

async function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await within('an answer', once(outgoing, 'response'))) as [IncomingMessage]
  return response
}

/** Sends so many megabytes, as fast as they are taken. */
async function send(outgoing: ClientRequest, megabytes: number): Promise<void> {
  for (let sent = 0; sent < megabytes; sent++) {
    if (!outgoing.write(MEGABYTE)) await within('what was sent has been taken', once(outgoing, 'drain'))
  }
}

async function digestOf(response: IncomingMessage): Promise<typeof EXPECTED> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    hash.update(chunk)
  }
  return { bytes, sha256: hash.digest('hex') }
}

it('sends and receives 100 MB whole, also when a reload begins and ends meanwhile', async () => {
  using project = new Project({ 'app.mjs': source('v1') })
  await using cli = await project.serving(['--workers', '2', '--bind', '127.0.0.1:0', 'app.mjs'])
  const { port } = cli
  const first = cli.workerPids
  const traffic = new Traffic({ port }, 1)

  const download = asking(port, '/download', 'GET')
  download.end()
  // Nobody reads it: soon its worker can send no more.
  const downloading = await answerTo(download)
  const upload = asking(port, '/digest', 'POST')
  await send(upload, MEGABYTES / 2)
  await until('half of the upload is under way', () => cli.stdout.includes('[receiving]'))

  project.write('app.mjs', source('v2'))
  await reload(cli)
  expect((await origins(2, { port })).map(({ version }) => version)).toEqual(['v2', 'v2'])

  const received = answerTo(upload)
  await send(upload, MEGABYTES / 2)
  upload.end()
  const uploaded = await received
  expect(JSON.parse(await within('what was received', text(uploaded)))).toEqual(EXPECTED)
  expect(await within('the whole download', digestOf(downloading))).toEqual(EXPECTED)
  for (const response of [uploaded, downloading]) expect(first).toContain(Number(response.headers['x-pid']))
  expect(await traffic.end()).toEqual(NO_LOSSES)
  await until('those who had them leave', () => cli.liveWorkerPids.length === 2)
  expect(cli.events('worker-killed')).toEqual([])
})
