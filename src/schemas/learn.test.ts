import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Compile } from 'typebox/schema'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { BUSES, busKey } from '#src/buses/documents.ts'
import { busArn } from '#src/model/arn.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { eventShape, schemaNameOf } from './discovered-document.ts'
import { createDiscoverers } from './discoverers.ts'
import { draft4Of } from './export-draft-4.ts'
import { CONTENT_MAX, learn } from './learn.ts'
import { removeSchemasOf } from './remove-account.ts'
import type { OpenApiDocument } from './schema-document.ts'
import { createSchemas } from './schemas.ts'
import type { Schemas } from './schemas.ts'

const PLACE = { account: '111122223333', region: 'eu-west-1' }
const BUS = { ...PLACE, name: 'default' }
const DISCOVERED = 'discovered-schemas'

let folder: string
let store: Store
let schemas: Schemas
let told: { readonly schema: string; readonly version?: number }[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-learn-'))
  store = await openSqliteStore({ folder })
  told = []
  const { state } = store
  const now = clock.now()
  await state.transact(async (transaction) => {
    const bus = { ...BUS, ruleCount: 0, createdAt: now, modifiedAt: now }
    transaction.put(BUSES, busKey(BUS), bus)
  })
  await createDiscoverers(state).create(PLACE, { sourceArn: busArn(BUS) })
  schemas = createSchemas({ state, clock, provided: new Map() })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const eventOf = (detail: object, detailType = 'Order Placed') => ({
  ...{ version: '0', id: 'i', 'detail-type': detailType, source: 'shop', resources: [] },
  ...{ account: PLACE.account, region: PLACE.region, time: '2026-01-31T08:15:00Z', detail },
})
const addressOf = (detailType = 'Order Placed') => {
  const schema = schemaNameOf({ source: 'shop', detailType })
  return { ...PLACE, registry: DISCOVERED, schema }
}
async function learned(detail: object, detailType = 'Order Placed') {
  const observer = { schemaDiscovered: (schema: (typeof told)[number]) => void told.push(schema) }
  const kind = { source: 'shop', detailType }
  const shape = eventShape(eventOf(detail, detailType))
  const address = addressOf(detailType)
  await learn({ state: store.state, clock, observer }, { address, kind, shape })
}

it('learns the same event once', async () => {
  await learned({ total: 7 })
  await learned({ total: 8 })
  expect(told.map(({ schema, version }) => [schema, version])).toEqual([['shop@OrderPlaced', 1]])
})

it('keeps the newest hundred versions, and lets the oldest go', async () => {
  for (let n = 1; n <= 102; n += 1) await learned({ [`field${n}`]: n })
  const { schema } = await schemas.describe(addressOf())
  expect(schema.versions.map(({ version }) => version)).toEqual(
    Array.from({ length: 100 }, (_, n) => n + 3),
  )
  await expect(schemas.describe(addressOf(), '2')).rejects.toMatchObject({ status: 404 })
  const { content } = await schemas.describe(addressOf(), '3')
  expect(Object.keys(JSON.parse(content).components.schemas.OrderPlaced.properties)).toHaveLength(3)
}, 60_000)

it('gives up depth before it gives up the size of a schema or an event that it has seen', async () => {
  const wide = (levels: number): object =>
    Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `a-field-with-a-long-name-${n}`,
        levels === 0 ? n : wide(levels - 1),
      ]),
    )
  await learned(wide(3))
  const { content } = await schemas.describe(addressOf())
  expect(content.length).toBeLessThanOrEqual(CONTENT_MAX)
  expect(content.length).toBeGreaterThan(1_000)
  const validator = Compile(draft4Of(JSON.parse(content) as OpenApiDocument) as object)
  expect(validator.Check(eventOf(wide(3)))).toBe(true)
  expect(validator.Check(eventOf({}))).toBe(false)
})

it('knows two hundred kinds of events, and refuses more until there is room', async () => {
  for (let n = 0; n < 200; n += 1) await learned({ n }, `Kind ${n}`)
  await expect(learned({ n: 1 }, 'One more')).rejects.toMatchObject({
    code: 'ForbiddenException',
    message: 'The quota of 200 schemas in registry discovered-schemas is reached.',
  })
  await schemas.remove(addressOf('Kind 7'))
  await learned({ n: 1 }, 'One more')
  expect((await schemas.describe(addressOf('One more'))).version.version).toBe(1)
}, 60_000)

it('learns nothing for an account that is gone, of which nothing is left', async () => {
  await learned({ total: 7 })
  await removeSchemasOf(store.state, PLACE.account)
  await learned({ total: 8 })
  await expect(schemas.describe(addressOf())).rejects.toMatchObject({ status: 404 })
  expect((await schemas.list(PLACE, DISCOVERED, { limit: 10 })).items).toEqual([])
})
