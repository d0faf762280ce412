import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { APP_USER, freeLowPort, itAsRoot, OTHER_GROUP, OTHER_USER } from '../harness/accounts.ts'
import { Cli, fixture, isSpare, liveMembers, SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { failureOf } from './failure.ts'
import { AS_APP, expectAll, FILES, NOTE, Place, PRELOADS, selvesAt, STAGES, uidsOf } from './user.ts'

describe('--user', () => {
  itAsRoot('is who the workers are before anything of the app is loaded; the supervisor binds as root', async () => {
    using place = new Place()
    const port = await freeLowPort()
    const args = ['--bind', `127.0.0.1:${port}`, '--user', APP_USER.name, ...PRELOADS, 'app.mjs']
    await using cli = await Cli.serving(args, place.options())
    await expectAll({ port }, AS_APP)
    expect(cli.workerPids.map(uidsOf)).toEqual([Array(4).fill(APP_USER.id)])
    expect(uidsOf(cli.pid)).toEqual([0, 0, 0, 0])
    expect(cli.events('warning')).toEqual([])
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(cli.stderr).toBe('')
  })

  itAsRoot('is who replacements are, those that have waited for it and those that have not', async () => {
    for (const spares of [0, 1]) {
      using place = new Place()
      await using cli = await place.serving(['--user', APP_USER.name, '--spares', String(spares), ...PRELOADS])
      const waiting = await until('the spare waits, if there is one', () => {
        const found = liveMembers(cli.pid).filter(isSpare)
        return found.length === spares && found
      })
      for (const pid of waiting) expect(uidsOf(pid)).toEqual(Array(4).fill(APP_USER.id))
      await ask({ port: cli.port, path: '/exit' })
      const { workerPid } = await cli.line('worker-ready', 2)
      if (spares > 0) expect(waiting).toEqual([workerPid])
      await expectAll({ port: cli.port }, AS_APP)
    }
  })

  itAsRoot('is who the workers of a reload are, and may be somebody else by then', async () => {
    using place = new Place({ ...FILES, 'supervisor.config.json': `{ "user": "${APP_USER.name}" }` })
    place.remove('supervisor.config.mjs')
    const stages = ['require', 'import', 'app']
    await using cli = await place.serving(PRELOADS)
    await expectAll({ port: cli.port }, AS_APP, stages)
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    await expectAll({ port: cli.port }, AS_APP, stages)
    place.write('supervisor.config.json', `{ "user": ${OTHER_USER.id}, "group": "${OTHER_GROUP.name}" }`)
    cli.signal('SIGHUP')
    await cli.line('reloaded', 2)
    const { name, id, home } = OTHER_USER
    const other = { uid: id, gid: OTHER_GROUP.id, groups: [OTHER_GROUP.id], home, user: name, logname: name }
    await expectAll({ port: cli.port }, other, stages)
    place.write('supervisor.config.json', '{ "user": "nobody-of-that-name" }')
    cli.signal('SIGHUP')
    expect(await cli.line('reload-failed')).toMatchObject({ code: 'SUPERVISOR_USER_UNKNOWN' })
    await expectAll({ port: cli.port }, other, stages)
    expect(cli.events('warning')).toEqual([])
    place.write('supervisor.config.json', '{}')
    cli.signal('SIGHUP')
    await cli.line('reloaded', 3)
    expect(cli.events('warning').map(({ code }) => code)).toEqual(['SUPERVISOR_RUNS_AS_ROOT'])
  })

  itAsRoot('can be a number that nobody has, with a group', async () => {
    using place = new Place()
    await using cli = await place.serving(['--user', '4299', '--group', '4298', ...PRELOADS], {
      env: { USER: 'root', LOGNAME: 'root' },
    })
    await expectAll({ port: cli.port }, { uid: 4299, gid: 4298, groups: [4298], home: '/' })
    await using failed = new Cli(['--user', '4299', 'app.mjs'], place.options())
    expect(await failed.exit()).toEqual({ code: 2, signal: null })
    expect(failed.stderr).toContain('--group. (SUPERVISOR_USER_UNKNOWN)')
  })

  itAsRoot('can be left out, for the group alone', async () => {
    using place = new Place()
    const env = { HOME: '/root', USER: 'root', LOGNAME: 'root' }
    await using cli = await place.serving(['--group', OTHER_GROUP.name, ...PRELOADS], { env })
    const selves = await selvesAt({ port: cli.port })
    expect(selves.map(({ uid, gid, home }) => ({ uid, gid, home }))).toEqual(
      STAGES.map(() => ({ uid: 0, gid: OTHER_GROUP.id, home: '/root' })),
    )
    expect(cli.events('warning')).toMatchObject([{ code: 'SUPERVISOR_RUNS_AS_ROOT' }])
  })

  itAsRoot('is found by getent where the files do not have it', async () => {
    using place = new Place()
    // As a directory on the network would have it.
    place.write('getent', `#!/bin/sh\necho "$2:x:${OTHER_USER.id}:${OTHER_USER.group}::/elsewhere:/bin/sh"\n`)
    chmodSync(join(place.path, 'getent'), 0o755)
    const env = { PATH: `${place.path}:${process.env['PATH']}` }
    await using cli = await place.serving(['--user', 'remote', ...PRELOADS], { env })
    const { id, group } = OTHER_USER
    const home = '/elsewhere'
    await expectAll(
      { port: cli.port },
      { uid: id, gid: group, groups: [group], home, user: 'remote', logname: 'remote' },
    )
  })

  itAsRoot('is who checks the app', async () => {
    const code = `if (process.getuid() !== ${APP_USER.id}) throw new Error('not who it should be')`
    using place = new Place({ 'app.mjs': `${code}\nexport default (request, response) => response.end()` })
    const args = ['--check-config', '--user', APP_USER.name, 'app.mjs']
    expect(await failureOf(args, place.options())).toMatchObject({ exitCode: 0, stderr: '' })
  })

  itAsRoot('is who loads packages in advance, and shows what is broken, with --reload', async () => {
    const app = `import 'noting'\n${FILES['app.mjs']}`
    using place = new Place({ ...FILES, 'app.mjs': app })
    mkdirSync(join(place.path, 'node_modules/noting'), { recursive: true })
    place.write('node_modules/noting/package.json', '{ "exports": "./index.mjs" }')
    place.write('node_modules/noting/index.mjs', NOTE.replace('AT', '"package"'))
    await using cli = await place.serving(['--reload', '--user', APP_USER.name, ...PRELOADS])
    await expectAll({ port: cli.port }, AS_APP, ['require', 'import', 'hook', 'package', 'app'])
    for (let save = 1, isWarm = false; !isWarm; save++) {
      await until('a spare waits', () => liveMembers(cli.pid).some(isSpare))
      place.write('app.mjs', `${app}\nglobalThis.selves.save = ${save}`)
      await cli.line('reloaded', save)
      const selves = await selvesAt({ port: cli.port })
      isWarm = selves[2]?.at === 'package'
      for (const { at, ...self } of selves) expect(self, at).toEqual(AS_APP)
      expect(save).toBeLessThan(20)
    }
    place.write('app.mjs', 'this is no JavaScript')
    await until('it is shown', async () => (await ask({ port: cli.port })).status === 503)
    await until('the page and the next spare are theirs', () => {
      const others = liveMembers(cli.pid).filter((pid) => pid !== cli.pid)
      return others.length > 1 && others.every((pid) => uidsOf(pid)[0] === APP_USER.id)
    })
    place.write('app.mjs', app)
    await until('it is mended', async () => (await ask({ port: cli.port })).status === 200)
    expect(cli.events('warning')).toEqual([])
  })

  itAsRoot('does not keep a hung worker from being named, also where root may not look into it', async () => {
    // The latter is what containers come with.
    for (const restriction of [[], ['setpriv', '--bounding-set=-sys_ptrace', '--']]) {
      using place = new Place()
      const args = ['--user', APP_USER.name, '--timeout', '1', fixture('health.mjs')]
      const command = place.command([...restriction, process.execPath, SUPERVISOR])
      await using cli = await Cli.serving(args, place.options({ command }))
      void ask({ port: cli.port, path: '/block', patienceMs: 25_000 })
      const hung = await cli.line('worker-hung')
      expect(hung['verdict']).toMatchObject({ kind: 'stack' })
      expect(hung.msg).toContain('countsForEver')
      await cli.line('worker-ready', 2)
    }
  })
})
