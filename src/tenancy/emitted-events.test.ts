import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import type { Principal } from '#src/model/principal.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createAccounts } from './accounts.ts'
import { createActions } from './actions.ts'
import { EMITTED, OUTBOX } from './documents.ts'
import { createEmittedEvents } from './emitted-events.ts'
import type { EmittedEvents } from './emitted-events.ts'
import { ID_REMEMBERED_MS } from './emitted-ids.ts'
import { createOrganisations } from './organisations.ts'

const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }
const REGION = 'ap-southeast-2'
const [OWN, OTHER] = ['111111111111', '222222222222']
const VPC = { resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a', status: 'SUCCESS' }

const folder = mkdtempSync(join(tmpdir(), 'belfry-emitted-'))
let store: Store
let now = 1_750_000_000_000
let emitted: EmittedEvents
let restricted: Principal
let otherId: string

beforeAll(async () => {
  store = await openSqliteStore({ folder })
  const { state } = store
  const done = async () => undefined
  const wiring = { wireAccount: done, wireOrganisation: done, unwireAccount: done }
  const given = { state, clock: { now: () => now }, ids }
  const ports = { ...given, wiring, actions: createActions(given) }
  const { id: organisationId } = await createOrganisations(ports).create(OPERATOR, {
    ...{ name: 'Test', alias: 'test', installationRegion: REGION, regions: [REGION] },
  })
  const accounts = createAccounts(ports)
  await accounts.create(OPERATOR, { organisationId, awsAccountId: OWN, name: 'own' })
  const other = { organisationId, awsAccountId: OTHER, name: 'other' }
  otherId = (await accounts.create(OPERATOR, other)).id
  const namespace = { prefix: 'stax', partner: 'stax.io' }
  emitted = createEmittedEvents({
    ...ports,
    namespace,
    onFault: (error) => {
      throw error
    },
  })
  restricted = {
    ...OPERATOR,
    ...{ role: 'operations', organisationId, onlyAccounts: [OWN], region: REGION },
  }
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('an API token that is only for some accounts', () => {
  const vpc = (more: object) => ({ name: 'VpcCreateEvent', fields: VPC, ...more })
  const emit = async (event: object) => (await emitted.emit(restricted, [event]))[0]

  it('says in which of its accounts something happened', async () => {
    expect(await emit(vpc({ aws: { accountId: OWN } }))).toHaveProperty('eventId')
    expect(await emit(vpc({}))).toMatchObject({
      code: 'tenancy-event.invalid',
      message: expect.stringContaining(`only for the accounts ${OWN}`),
    })
    expect(await emit(vpc({ aws: { accountId: OTHER } }))).toHaveProperty(
      'code',
      'account.not-found',
    )
  })

  it('learns no names of the others', async () => {
    const aws = { accountId: OWN }
    const byAwsId = vpc({ aws, fields: { ...VPC, awsAccountId: OTHER } })
    expect(await emit(byAwsId)).toHaveProperty('code', 'account.not-found')
    const fields = { accountId: otherId, status: 'SUCCESS' }
    const byId = { name: 'AccountUpdateEvent', aws, fields }
    expect(await emit(byId)).toHaveProperty('code', 'account.not-found')
  })
})

describe('the id of an event', () => {
  it('is known for a week at least, and forgotten in the end', async () => {
    const id = ids.uuid()
    const event = { id, name: 'VpcCreateEvent', fields: VPC, aws: { accountId: OWN } }
    const told = async () => (await store.state.list(OUTBOX, { limit: 1_000 })).length
    const emit = async () => {
      const before = await told()
      expect(await emitted.emit(restricted, [event])).toEqual([{ eventId: id }])
      return (await told()) - before
    }
    expect(await emit()).toBe(1)
    now += ID_REMEMBERED_MS
    expect(await emit()).toBe(0)
    now += 2 * ID_REMEMBERED_MS
    expect(await emit()).toBe(1)
    const remembered = await store.state.list(EMITTED, { limit: 1_000 })
    expect(remembered).toHaveLength(1)
  })

  it('that is written in capitals is the same', async () => {
    const id = ids.uuid()
    const event = { id, name: 'VpcCreateEvent', fields: VPC, aws: { accountId: OWN } }
    const twice = [event, { ...event, id: id.toUpperCase() }]
    expect(await emitted.emit(restricted, twice)).toEqual([{ eventId: id }, { eventId: id }])
  })
})
