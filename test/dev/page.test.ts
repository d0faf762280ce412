import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { viewOf, type FailureView } from '../../packages/supervisor/src/dev/failure-view.ts'
import { ROOT } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { PATIENCE_MS, until } from '../harness/until.ts'
import { Exchangeable, pageFor, PLAIN_VIEW } from './serve-page.ts'
import { notLoaded, threw } from './thrown.ts'

const CHROMIUM = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim()
const DESKTOP: BrowserContextOptions = { viewport: { width: 1100, height: 540 }, colorScheme: 'light' }
const PHONE: BrowserContextOptions = {
  viewport: { width: 375, height: 720 },
  colorScheme: 'dark',
  deviceScaleFactor: 2,
  isMobile: true,
}

const ORDERS = `import type { FastifyInstance } from 'fastify'
import { pool } from '../database.ts'

/** Orders of the customer who is signed in. */
export async function orders(app: FastifyInstance) {
  app.get('/orders', async (request) => {
    const { customer } = request.session
    const rows = await pool.query('SELECT * FROM orders WHERE customer = $1', [customer.id)
    return rows.map((row) => ({ id: row.id, total: row.total / 100 }))
  })

  app.get('/orders/:id', async (request) => pool.one(request.params.id))
}
`
const DATABASE = `import { createPool } from 'pg-pool'

const timeoutMs = 30_000 // a cold database needs its time

export function connect(url = process.env.DATABASE_URL) {
  if (url === undefined) {
    throw new TypeError('DATABASE_URL is not set: the app needs a database')
  }
  return createPool({ url, timeoutMs })
}
`

/** A syntax error, as Node tells it that strips types. */
function syntaxView(folder: Folder): FailureView {
  mkdirSync(join(folder.path, 'src/routes'), { recursive: true })
  const file = folder.write('src/routes/orders.ts', ORDERS)
  const line = ORDERS.split('\n')[7] ?? ''
  const message = `Expected ',', got ')'`
  const stack = `${file}:8\n${line}\n${' '.repeat(line.length - 1)}^\n\nSyntaxError: ${message}`
  const error = { name: 'SyntaxError', code: 'ERR_INVALID_TYPESCRIPT_SYNTAX', message, stack }
  return viewOf(notLoaded(error), 'src/server.ts', folder.path)
}

function throwView(folder: Folder, text = 'DATABASE_URL is not set: the app needs a database'): FailureView {
  mkdirSync(join(folder.path, 'src'), { recursive: true })
  const file = folder.write('src/database.ts', DATABASE)
  const stack = `TypeError: ${text}
    at connect (${file}:7:11)
    at registerPlugins (${folder.path}/src/plugins.ts:18:20)
    at Plugin.exec (${folder.path}/node_modules/fastify/lib/plugin.js:130:28)
    at ${folder.path}/src/server.ts:12:7
    at async ModuleLoader.import (node:internal/modules/esm/loader:681:26)`
  return viewOf(threw({ name: 'TypeError', message: text, stack }), 'src/server.ts', folder.path)
}

/** Skipped where Debian's Chromium is missing, except where everything has to be tested. */
describe.skipIf(CHROMIUM === '' && process.env['CI'] !== 'true')('the error page in Chromium', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  })

  afterAll(async () => {
    await browser?.close()
  })

  /** A page in a context of its own; open ones would go on asking, and slow each other down. */
  async function open(server: Exchangeable, options: BrowserContextOptions = DESKTOP): Promise<Page> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(server.url)
    return page
  }

  /** Keeps what is seen, where the pictures of the documentation are to be made anew. */
  async function keep(page: Page, name: string): Promise<void> {
    if (process.env['PICTURES'] === undefined) return
    await page.screenshot({ path: join(ROOT, 'docs/images', name), animations: 'disabled' })
  }

  it('shows the error and marks its place', async () => {
    using folder = new Folder()
    await using server = await Exchangeable.serving(await pageFor(syntaxView(folder)))
    const page = await open(server)
    expect(await page.title()).toBe(`SyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: Expected ',', got ')'`)
    expect(await page.locator('h1').innerText()).toContain(`Expected ',', got ')'`)
    expect(await page.locator('section h2').first().innerText()).toMatch(/^src\/routes\/orders\.ts:8:\d+$/)
    expect(await page.locator('.place').getAttribute('data-number')).toBe('8')
    expect(await page.locator('.place mark').innerText()).toBe(')')
    await keep(page, 'error-page.png')
  })

  it('fits a phone: the source alone scrolls, to its mark', async () => {
    using folder = new Folder()
    for (const view of [
      throwView(folder),
      syntaxView(folder),
      throwView(folder, `${'long'.repeat(400)} ${'/x'.repeat(300)}`),
    ]) {
      await using server = await Exchangeable.serving(await pageFor(view))
      const page = await open(server, PHONE)
      await page.locator('details').evaluateAll((all) => all.forEach((each) => each.setAttribute('open', '')))
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect(width).toBeLessThanOrEqual(375)
      const mark = await page.locator('mark').boundingBox()
      expect((mark?.x ?? -1) + (mark?.width ?? 0)).toBeLessThanOrEqual(375)
      expect(mark?.x).toBeGreaterThan(0)
      await page.locator('details').evaluateAll((all) => all.forEach((each) => each.removeAttribute('open')))
      if (view.title === 'TypeError' && view.message.length < 100) await keep(page, 'error-page-phone.png')
    }
  })

  it.each([
    ['light', 'rgb(246, 245, 244)'],
    ['dark', 'rgb(20, 19, 21)'],
  ] as const)('is %s where that is preferred', async (colorScheme, ground) => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const page = await open(server, { colorScheme })
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(ground)
  })

  it.each([
    ['a script', `<script>globalThis.hurt = true</script>`],
    ['the end of the style', `</style><script>globalThis.hurt = true</script>`],
    ['the end of the script', `</script><img src=x onerror="globalThis.hurt = true">`],
    ['an attribute', `"><svg onload="globalThis.hurt = true">' onmouseover='globalThis.hurt = true`],
    ['a template', '${globalThis.hurt = true}<!--'],
    ['turned letters', '\u202e<script>globalThis.hurt = true</script>\u2066'],
  ])('runs nothing of a message that holds %s', async (_what, message) => {
    using folder = new Folder()
    await using server = await Exchangeable.serving(await pageFor(throwView(folder, message)))
    const page = await open(server)
    const shown = message.replaceAll(/[\u202e\u2066]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)
    expect(await page.locator('h1').textContent()).toBe(`TypeError${shown}`)
    expect(await page.evaluate('globalThis.hurt')).toBeUndefined()
    expect(await page.locator('footer .status').innerText()).toContain('reloads by itself')
  })

  it('would not run what got into it: its policy knows its own script alone', async () => {
    const page = await pageFor(PLAIN_VIEW)
    await using server = await Exchangeable.serving((request, response) => {
      const end = response.end.bind(response)
      response.removeHeader('content-length')
      response.setHeader = new Proxy(response.setHeader, {
        apply: (set, target, [name, value]: [string, string]) =>
          name === 'content-length' ? target : Reflect.apply(set, target, [name, value]),
      })
      response.end = ((html?: string) => end(html?.replace('</main>', '<script>hurt = 1</script></main>'))) as never
      page(request, response)
    })
    const open_ = await open(server)
    expect(await open_.content()).toContain('hurt = 1')
    expect(await open_.evaluate('globalThis.hurt')).toBeUndefined()
  })

  it('loads itself when the code is mended, and when the error is another one', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const page = await open(server)
    server.app = await pageFor({ ...PLAIN_VIEW, message: 'another error' })
    await page.getByText('another error').waitFor()
    server.app = (_request, response) => response.end('mended')
    await page.getByText('mended').waitFor()
  })

  it('waits for a server that is away', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const page = await open(server)
    await server.close()
    await page.getByText('The server is away').waitFor()
    server.app = (_request, response) => response.end('mended')
    await server.open()
    await page.getByText('mended').waitFor()
  })

  it('asks ever more seldom where the header of the answers gets lost, instead of loading itself for ever', async () => {
    const app = await pageFor(PLAIN_VIEW)
    let visits = 0
    let polls = 0
    await using server = await Exchangeable.serving((request, response) => {
      if (request.method === 'HEAD') {
        polls += 1
        response.end()
      } else {
        if (request.url === '/') visits += 1
        app(request, response)
      }
    })
    const page = await open(server)
    await until('it has loaded itself twice', () => visits >= 3)
    expect(polls).toBeLessThanOrEqual(visits)
    const kept = async (): Promise<unknown> => {
      // It may be loading itself just now.
      return page.evaluate(`sessionStorage.getItem('prefork-error-page')`).catch(() => null)
    }
    expect(await until('it has counted', kept)).toMatch(/ [2-9]$/)
  })

  it('does not send a form again by itself', async () => {
    const error = await pageFor(PLAIN_VIEW)
    const form: typeof error = (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<form method="post" action="/order"><button>Order</button></form>')
    }
    await using server = await Exchangeable.serving(form)
    const page = await open(server)
    server.app = error
    await page.getByText('Order').click()
    await page.getByText('no database').waitFor()
    const methods: (string | undefined)[] = []
    server.app = (request, response) => {
      methods.push(request.method)
      form(request, response)
    }
    await page.getByText('Go back and try again').click()
    await page.getByText('Order').waitFor()
    expect(methods).toContain('HEAD')
    expect(methods).not.toContain('POST')
  })
})
