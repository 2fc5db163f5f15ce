import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import type { Principal } from '#src/model/principal.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'
import { SESSIONS } from './documents.ts'
import { createOrganisations } from './organisations.ts'
import { SESSION_MS, createSessions } from './sessions.ts'
import { createUsers } from './users.ts'

const PASSWORD = 'a password of some length'
const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }

const folder = mkdtempSync(join(tmpdir(), 'belfry-sessions-'))
let store: Store
let now = 1_750_000_000_000
let ports: Parameters<typeof createOrganisations>[0]

beforeAll(async () => {
  store = await openSqliteStore({ folder })
  const nothing = async () => undefined
  const wiring = { wireAccount: nothing, wireOrganisation: nothing, unwireAccount: nothing }
  const given = { state: store.state, clock: { now: () => now }, ids }
  ports = { ...given, wiring, actions: createActions(given) }
  const region = 'ap-southeast-2'
  const { id } = await createOrganisations(ports).create(OPERATOR, {
    ...{ name: 'Test', alias: 'test', installationRegion: region, regions: [region] },
  })
  await createUsers(ports).create(OPERATOR, {
    ...{ organisationId: id, email: 'ada@example.com', firstName: 'Ada', lastName: 'L' },
    ...{ role: 'customer_user', password: PASSWORD },
  })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a session', () => {
  it('lasts an hour to the millisecond, and stands for its user until then', async () => {
    const sessions = createSessions(ports)
    const { sessionToken, expiresAt } = await sessions.logIn('ada@example.com', PASSWORD)
    expect(expiresAt).toBe(now + SESSION_MS)
    expect(SESSION_MS).toBe(3_600_000)
    now = expiresAt - 1
    expect(await sessions.principalOf(sessionToken)).toMatchObject({ role: 'user' })
    now = expiresAt
    expect(await sessions.principalOf(sessionToken)).toBeUndefined()
  })

  it('that has expired is removed by a later login', async () => {
    const sessions = createSessions(ports)
    await sessions.logIn('ada@example.com', PASSWORD)
    now += SESSION_MS
    const { sessionToken } = await sessions.logIn('ada@example.com', PASSWORD)
    expect(await store.state.list(SESSIONS, { limit: 10 })).toHaveLength(1)
    expect(await sessions.principalOf(sessionToken)).toBeDefined()
  })

  it('is not made for a token that was never given out', async () => {
    const sessions = createSessions(ports)
    const stored = await store.state.list(SESSIONS, { limit: 10 })
    for (const token of ['', 'x', ...stored.map(({ key }) => key)]) {
      expect(await sessions.principalOf(token)).toBeUndefined()
    }
  })
})
