import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

export const NGINX = 'nginx'
/** Whether the program is missing. */
export const isNginxMissing: boolean = spawnSync(NGINX, ['-v']).status !== 0

/** What the configurations of users say, and what the documentation tells them to. */
const PROXY = `
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header Forwarded "";
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;`

/** A real nginx in front of an app. */
export class Nginx implements AsyncDisposable {
  readonly port: number
  readonly #folder: Folder
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(folder: Folder, port: number) {
    this.#folder = folder
    this.port = port
    this.#process = spawn(NGINX, ['-p', folder.path, '-c', `${folder.path}/nginx.conf`], { stdio: 'ignore' })
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve))
  }

  /** Starts one that passes on to `upstream`: `127.0.0.1:80`, or `unix:/path`. */
  static async inFrontOf(upstream: string): Promise<Nginx> {
    const folder = new Folder()
    const port = await freePort()
    folder.write('nginx.conf', configuration(port, upstream))
    const nginx = new Nginx(folder, port)
    try {
      await until('nginx listens', () => canConnect(port))
    } catch (error) {
      const log = readFileSync(`${folder.path}/error.log`, 'utf8')
      await nginx[Symbol.asyncDispose]()
      throw new Error(`nginx does not start: ${log}`, { cause: error })
    }
    return nginx
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#ended
    this.#folder[Symbol.dispose]()
  }
}

/** One process, as whoever runs the tests: nobody else may look into the folder with the sockets. */
function configuration(port: number, upstream: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream app { server ${upstream}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://app;${PROXY} }
    location /stripped/ { proxy_pass http://app/;${PROXY} }
  }
}`
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
