import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { visit } from '../apps/tls-visit.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'

const APP = 'listen-tls.mjs'

function rotate(agents: readonly AgentProcess[]): void {
  const ticketKeys = randomBytes(48).toString('base64')
  for (const agent of agents) agent.order({ type: 'ticket-keys', ticketKeys })
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('sessions of %s', (version) => {
  it('resume in every worker that has got the same new keys, and old ones no longer do', async () => {
    const agents = [await AgentProcess.accepting(APP), await AgentProcess.accepting(APP)] as const
    const old = await visit(agents[0].port, version)
    expect((await visit(agents[0].port, version, old.session)).isResumed).toBe(true)
    // These two have no supervisor in common.
    expect((await visit(agents[1].port, version, old.session)).isResumed).toBe(false)
    rotate(agents)
    for (const { port } of agents) {
      await until('the old keys are gone', async () => !(await visit(port, version, old.session)).isResumed)
    }
    const fresh = await visit(agents[0].port, version)
    for (const { port } of agents) expect((await visit(port, version, fresh.session)).isResumed).toBe(true)
  })

  it.each(['shared', 'cluster'] as const)('resume after a new certificate (--accept %s)', async (accept) => {
    const port = await freePort()
    await AgentProcess.accepting(APP, { accept }, [], { APP_PORT: `${port}` })
    const { session } = await visit(port, version)
    await visit(port, version, undefined, '/renew')
    expect((await visit(port, version, session)).isResumed).toBe(true)
  })

  it('keep to the keys that the app chose', async () => {
    const env = { TICKET_KEYS: randomBytes(48).toString('base64') }
    const agent = await AgentProcess.accepting(APP, {}, [], env)
    const { session } = await visit(agent.port, version)
    rotate([agent])
    agent.order({ type: 'list-files' })
    await agent.told('files')
    expect((await visit(agent.port, version, session)).isResumed).toBe(true)
  })
})
