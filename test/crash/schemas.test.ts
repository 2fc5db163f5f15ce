import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import {
  CreateDiscovererCommand,
  DescribeSchemaCommand,
  SchemasClient,
} from '@aws-sdk/client-schemas'
import { afterAll, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

/**
 * A hub is killed with SIGKILL again and again while a discoverer learns from events: first as soon
 * as some are acknowledged, when the reader of the log has not saved yet how far it came. Afterwards
 * the schemas must know the field of every event that was acknowledged. BELFRY_CRASH_KILLS sets the
 * length of the run.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 3)
/** The reader saves once a second: some lives end before that. */
const LIFE_MS = { min: 50, max: 1_500 }
const CALLERS = 4
/** Learning of as many kinds takes longer than recording them. */
const EVENTS_PER_CALL = 10
/** Below the limits of discovered schemas, and of properties that a schema keeps of an object. */
const KINDS = 20
const FIELDS = 200

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

/** By kind, the fields that its acknowledged events had. */
const acknowledged = Array.from({ length: KINDS }, () => new Set<string>())
let serial = 0

/** Puts events, each with a field that is new to its kind, until the hub is gone. */
async function putUntilGone(client: EventBridgeClient): Promise<void> {
  for (;;) {
    const news = Array.from({ length: EVENTS_PER_CALL }, () => {
      const n = serial++
      return { kind: n % KINDS, field: `f${Math.floor(n / KINDS) % FIELDS}` }
    })
    const Entries = news.map(({ kind, field }) => ({
      Source: 'crash.test',
      DetailType: `Kind${kind}`,
      Detail: `{"${field}":1}`,
    }))
    try {
      await client.send(new PutEventsCommand({ Entries }))
    } catch {
      // Not acknowledged: they may be learned from or not.
      return
    }
    for (const { kind, field } of news) acknowledged[kind]?.add(field)
  }
}

/** The fields that the newest version of a kind's schema has: none where there is no schema. */
async function fieldsLearned(client: SchemasClient, kind: number): Promise<readonly string[]> {
  const given = { RegistryName: 'discovered-schemas', SchemaName: `crash.test@Kind${kind}` }
  try {
    const { Content = '' } = await client.send(new DescribeSchemaCommand(given))
    const { schemas } = JSON.parse(Content).components
    return Object.keys(schemas[`Kind${kind}`].properties)
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundException') return []
    throw error
  }
}

it(`learns from every acknowledged event in ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const client = async (on: HubProcess) => ({
    ...{ endpoint: on.url, region: REGION, maxAttempts: 1 },
    credentials: await on.profile('member'),
  })
  const SourceArn = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`
  await new SchemasClient(await client(hub)).send(new CreateDiscovererCommand({ SourceArn }))

  for (let kill = 0; kill < KILLS; kill += 1) {
    const events = new EventBridgeClient(await client(hub))
    const putting = Array.from({ length: CALLERS }, () => putUntilGone(events))
    if (kill === 0) {
      await vi.waitUntil(() => acknowledged.some(({ size }) => size > 0), {
        timeout: 30_000,
        interval: 1,
      })
    } else {
      const lifeMs = LIFE_MS.min + Math.random() * (LIFE_MS.max - LIFE_MS.min)
      await new Promise((resolve) => setTimeout(resolve, lifeMs))
    }
    await hub.kill('SIGKILL')
    await Promise.all(putting)
    hub = await startHubProcess(folder)
  }

  const schemas = new SchemasClient(await client(hub))
  const untaught = async () => {
    const learned = await Promise.all(acknowledged.map((_, kind) => fieldsLearned(schemas, kind)))
    return acknowledged.flatMap((fields, kind) =>
      [...fields].filter((field) => !learned[kind]?.includes(field)).map((field) => [kind, field]),
    )
  }
  await vi.waitFor(async () => expect(await untaught()).toEqual([]), {
    timeout: 120_000,
    interval: 200,
  })
  await hub.kill('SIGTERM')
  const count = acknowledged.reduce((sum, fields) => sum + fields.size, 0)
  process.stdout.write(`  ${KILLS} kills: ${count} fields acknowledged, 0 missing of schemas\n`)
  expect(count).toBeGreaterThan(KILLS)
})
