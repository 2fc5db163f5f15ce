import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { AWS_QUOTAS } from '#src/model/quotas.ts'
import { BUSES, BUS_LOGS, busKey } from './documents.ts'
import { createEventBuses } from './event-buses.ts'
import { removeBusesOf } from './managed-wiring.ts'
import { createOfferedSources } from './offered-sources.ts'
import { createPartnerSources } from './partner-sources.ts'

const REGION = 'eu-west-1'
const PARTNER = { account: '111122223333', region: REGION }
const CONSUMER = { account: '444455556666', region: REGION }
const NAME = 'aws.partner/example.com/orders'
const TWO_WEEKS_MS = 14 * 24 * 60 * 60_000

let folder: string
let store: Store
let now: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-partner-sources-'))
  store = await openSqliteStore({ folder })
  now = Date.parse('2026-01-02T03:04:05Z')
  const bus = { ...CONSUMER, name: 'default', ruleCount: 0, createdAt: now, modifiedAt: now }
  await store.state.transact(async (transaction) => transaction.put(BUSES, busKey(bus), bus))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function parts() {
  const ports = {
    ...{ state: store.state, clock: { now: () => now } },
    namespace: { prefix: 'stax', partner: 'stax.io' },
  }
  const offered = createOfferedSources({ ...ports, tenancySourcesOf: async () => [] })
  return {
    offered,
    partners: createPartnerSources({
      ...ports,
      onFault: (error) => {
        throw error
      },
    }),
    buses: createEventBuses({ ...ports, quotas: AWS_QUOTAS, partnerBuses: offered }),
  }
}

/** Names of what is left once the hub has looked for what expired. */
async function leftAt(at: number): Promise<readonly string[]> {
  now = at
  const { partners, offered } = parts()
  const stopping = new AbortController()
  const running = partners.run(stopping.signal)
  stopping.abort()
  await running
  return (await offered.list(CONSUMER, { limit: 10 })).items.map(({ name }) => name)
}

it('an offer that nobody takes is removed after two weeks, and not before', async () => {
  const start = now
  await parts().partners.create(PARTNER, NAME, CONSUMER.account)
  expect(await leftAt(start + TWO_WEEKS_MS - 1)).toEqual([NAME])
  expect(await leftAt(start + TWO_WEEKS_MS)).toEqual([])
  await parts().partners.create(PARTNER, NAME, CONSUMER.account)
  expect(await leftAt(now)).toEqual([NAME])
})

it('one that was taken stays; given up or deactivated, its two weeks begin anew', async () => {
  const start = now
  const { partners, buses, offered } = parts()
  await partners.create(PARTNER, NAME, CONSUMER.account)
  const bus = { ...CONSUMER, name: NAME }
  await buses.create(CONSUMER, { name: NAME, eventSourceName: NAME })
  const givenUp = start + 3 * TWO_WEEKS_MS
  expect(await leftAt(givenUp)).toEqual([NAME])
  await buses.remove(bus)
  expect(await leftAt(givenUp + TWO_WEEKS_MS - 1)).toEqual([NAME])
  await buses.create(CONSUMER, { name: NAME, eventSourceName: NAME })
  await offered.deactivate(CONSUMER, NAME)
  expect(await leftAt(now + TWO_WEEKS_MS - 1)).toEqual([NAME])
  expect(await leftAt(now + 1)).toEqual([])
})

it('nothing is left of an account that takes no more events', async () => {
  const { partners, buses, offered } = parts()
  await partners.create(PARTNER, NAME, CONSUMER.account)
  const log = { level: 'INFO', includeDetail: 'NONE' } as const
  await buses.create(CONSUMER, { name: NAME, eventSourceName: NAME, log })
  await removeBusesOf(store.state, CONSUMER.account)
  expect(await store.state.list(BUS_LOGS, { prefix: '', limit: 1 })).toEqual([])
  expect((await offered.list(CONSUMER, { limit: 10 })).items).toEqual([])
  await expect(partners.accountsOf(PARTNER, NAME)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
  })
})

it('of a partner that is closed the sources are deleted, and its name is free', async () => {
  const { partners, buses, offered } = parts()
  const untaken = `${NAME}-untaken`
  await partners.create(PARTNER, NAME, CONSUMER.account)
  await partners.create(PARTNER, untaken, CONSUMER.account)
  await buses.create(CONSUMER, { name: NAME, eventSourceName: NAME })
  await removeBusesOf(store.state, PARTNER.account)
  const { items } = await offered.list(CONSUMER, { limit: 10 })
  expect(items).toMatchObject([{ name: NAME, state: 'DELETED' }])
  expect(await partners.activeBuses(PARTNER, NAME)).toBeUndefined()
  // Who comes next has to be taken anew.
  const next = { ...PARTNER, account: '777788889999' }
  await partners.create(next, NAME, CONSUMER.account)
  expect(await partners.activeBuses(next, NAME)).toEqual([])
  await offered.activate(CONSUMER, NAME)
  expect(await partners.activeBuses(next, NAME)).toMatchObject([{ ...CONSUMER, name: NAME }])
})
