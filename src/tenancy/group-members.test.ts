import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import type { Principal } from '#src/model/principal.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'
import { createGroupMembers, leaveAllGroups } from './group-members.ts'
import { createGroups } from './groups.ts'
import { createOrganisations } from './organisations.ts'
import { createPasswords } from './passwords.ts'
import { createUsers } from './users.ts'

const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }

const folder = mkdtempSync(join(tmpdir(), 'belfry-groups-'))
let store: Store

beforeAll(async () => {
  store = await openSqliteStore({ folder })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a user who leaves all groups', () => {
  it('is in none afterwards, and each counts its members right', async () => {
    const nothing = async () => undefined
    const wiring = { wireAccount: nothing, wireOrganisation: nothing, unwireAccount: nothing }
    const given = { state: store.state, clock, ids }
    const ports = { ...given, wiring, actions: createActions(given) }
    const region = 'ap-southeast-2'
    const { id: organisationId } = await createOrganisations(ports).create(OPERATOR, {
      ...{ name: 'Test', alias: 'test', installationRegion: region, regions: [region] },
    })
    const newUser = (email: string) =>
      createUsers({ ...ports, passwords: createPasswords() }).create(OPERATOR, {
        ...{ organisationId, email, firstName: '', lastName: '', role: 'customer_user' as const },
      })
    const [ada, bob] = [await newUser('ada@example.com'), await newUser('bob@example.com')]
    const groups = createGroups(ports)
    const members = createGroupMembers(ports)
    const all = await Promise.all(
      ['one', 'two'].map((name) => groups.create(OPERATOR, { organisationId, name })),
    )
    for (const { id } of all) {
      await members.add(OPERATOR, id, ada.id)
      await members.add(OPERATOR, id, bob.id)
    }
    const left = await store.state.transact((transaction) => leaveAllGroups(transaction, ada.id))
    expect(new Set(left)).toEqual(new Set(all.map(({ id }) => id)))
    for (const { id } of all) {
      const { items } = await members.list(OPERATOR, id, { limit: 10 })
      expect(items.map(({ email }) => email)).toEqual(['bob@example.com'])
      expect((await groups.get(OPERATOR, id)).memberCount).toBe(1)
    }
    const of = await groups.list(OPERATOR, { limit: 10, userId: ada.id })
    expect(of.items).toEqual([])
  })
})
