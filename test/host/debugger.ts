import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A debugger in a process of its own, attached to an inspector's port until it is killed. */
export async function attachDebugger(port: number): Promise<Disposable> {
  const code = `
    import { WebSocket } from '${import.meta.resolve('../../packages/supervisor/node_modules/ws/wrapper.mjs')}'
    const [{ webSocketDebuggerUrl }] = await (await fetch('http://127.0.0.1:${port}/json/list')).json()
    new WebSocket(webSocketDebuggerUrl, { perMessageDeflate: false }).on('open', () => console.log('attached'))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return { [Symbol.dispose]: () => child.kill('SIGKILL') }
}
