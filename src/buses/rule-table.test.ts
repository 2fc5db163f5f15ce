import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { busArn } from '#src/model/arn.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { AWS_QUOTAS } from '#src/model/quotas.ts'
import { systemClock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, busKey } from './documents.ts'
import { createEventBuses } from './event-buses.ts'
import { createRuleTable } from './rule-table.ts'
import type { RuleTable } from './rule-table.ts'
import { createRules } from './rules.ts'
import type { Rules } from './rules.ts'

const NO_PARTNERS = { made: async () => undefined, deleted: async () => undefined }
const PLACE = { account: '111122223333' as AccountId, region: 'eu-west-1' as Region }
const BUS = { ...PLACE, name: 'orders' }
const EVENT = '{"source":"shop","detail":{"total":7}}'

let folder: string
let store: Store
let rules: Rules
let table: RuleTable
let listings: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-rule-table-'))
  store = await openSqliteStore({ folder })
  listings = 0
  const state: State = {
    get: async (from, key) => store.state.get(from, key),
    list: async (from, options) => {
      listings += 1
      return store.state.list(from, options)
    },
    transact: async (body) => store.state.transact(body),
    watch: (listener) => store.state.watch(listener),
  }
  const anchor = { ...PLACE, name: 'default' }
  await state.transact(async (transaction) => {
    transaction.put(BUSES, busKey(anchor), {
      ...anchor,
      ruleCount: 0,
      createdAt: systemClock.now(),
      modifiedAt: systemClock.now(),
    })
  })
  rules = createRules({ state, clock: systemClock, quotas: AWS_QUOTAS })
  table = createRuleTable(state)
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function matching(event = EVENT): Promise<readonly string[] | undefined> {
  const bus = await table.rulesOf(busArn(BUS))
  return bus
    ?.match(event)
    .map(({ name }) => name)
    .toSorted()
}

const put = (name: string, eventPattern: string) =>
  rules.put(BUS, { name, eventPattern }, PLACE.account)

it('follows every change of a rule without reading the other rules again', async () => {
  const buses = createEventBuses({
    state: store.state,
    clock: systemClock,
    quotas: AWS_QUOTAS,
    partnerBuses: NO_PARTNERS,
  })
  expect(await matching()).toBeUndefined()
  await buses.create(PLACE, { name: BUS.name })
  await put('all', '{"source":["shop"]}')
  expect(await matching()).toEqual(['all'])

  const listingsBefore = listings
  await put('large', '{"detail":{"total":[{"numeric":[">",5]}]}}')
  expect(await matching()).toEqual(['all', 'large'])
  await put('large', '{"detail":{"total":[{"numeric":[">",50]}]}}')
  expect(await matching()).toEqual(['all'])
  expect(await matching('{"source":"shop","detail":{"total":51}}')).toEqual(['all', 'large'])
  await rules.setState(BUS, 'all', 'DISABLED')
  expect(await matching()).toEqual([])
  await rules.setState(BUS, 'all', 'ENABLED')
  expect(await matching()).toEqual(['all'])
  await rules.remove(BUS, 'all', false)
  expect(await matching()).toEqual([])
  await put('all', '{"source":["shop"]}')
  expect(await matching()).toEqual(['all'])
  expect(listings).toBe(listingsBefore)

  await rules.remove(BUS, 'all', false)
  await rules.remove(BUS, 'large', false)
  await buses.remove(BUS)
  expect(await matching()).toBeUndefined()
})

it('gives a rule as it is now, with targets that were put after it was read', async () => {
  await createEventBuses({
    state: store.state,
    clock: systemClock,
    quotas: AWS_QUOTAS,
    partnerBuses: NO_PARTNERS,
  }).create(PLACE, { name: BUS.name })
  await put('all', '{"source":["shop"]}')
  await matching()
  await rules.putTargets(BUS, 'all', [{ id: 'one', arn: busArn({ ...PLACE, name: 'default' }) }])
  const bus = await table.rulesOf(busArn(BUS))
  expect(bus?.match(EVENT)[0]?.targets.map(({ id }) => id)).toEqual(['one'])
})

it('matches every value of a name that a detail has twice', async () => {
  await createEventBuses({
    state: store.state,
    clock: systemClock,
    quotas: AWS_QUOTAS,
    partnerBuses: NO_PARTNERS,
  }).create(PLACE, { name: BUS.name })
  await put('first', '{"detail":{"total":[1]}}')
  await put('second', '{"detail":{"total":[7]}}')
  expect(await matching('{"detail":{"total":1,"total":7}}')).toEqual(['first', 'second'])
})
