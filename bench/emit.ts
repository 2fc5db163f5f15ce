import { randomUUID } from 'node:crypto'

import { follow } from '../test/event-follower.ts'
import type { EventFollower } from '../test/event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import type { HubProcess } from '../test/hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../test/organisation.ts'
import { restAs } from '../test/rest-caller.ts'
import type { Caller } from '../test/rest-caller.ts'
import { percentiles } from './percentiles.ts'
import type { Percentiles } from './percentiles.ts'

const EVENTS_PER_REQUEST = 100
const CONNECTIONS = 8
const WARM_UP_EVENTS = 5_000
const EVENTS = 20_000
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const PACED_EVENTS_PER_REQUEST = 10
const PACED_MS = 8_000

export interface EmitFigure {
  readonly eventsPerSecond: number
  readonly loadEventsPerSecond: number
  /** From when enrichment took an event up until it sent it on. */
  readonly enrichment: Percentiles
  /** From when the hub took an event until enrichment sent it on. */
  readonly published: Percentiles
}

/**
 * Figure 5: tenancy events of a portal, each with an id of its own and two IDs to be named, from
 * the first POST until all are read from the stream of the partner event bus; the median round
 * counts. Then what enrichment adds, by `meta.timings`, at half that load.
 */
export async function benchEmit(): Promise<EmitFigure> {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const token = { organisationId, name: 'portal', role: 'api_operations' }
  const portal = (await hub.rest('POST', '/api-tokens', token)).body as Caller
  const follower = await follow(hub, await hub.profile('operator'), {
    detailType: 'Networking: VpcCreateEvent',
  })
  const source = { hub, portal, follower }

  await throughput(source, WARM_UP_EVENTS)
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await throughput(source, EVENTS))
    console.log(`  round ${round + 1}: ${Math.round(rounds.at(-1) ?? 0)} events/s`)
  }
  const eventsPerSecond = rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
  const paced = await latencies(source, eventsPerSecond / 2)
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
  return { eventsPerSecond, ...paced }
}

interface Source {
  readonly hub: HubProcess
  readonly portal: Caller
  readonly follower: EventFollower
}

async function throughput({ hub, portal, follower }: Source, count: number): Promise<number> {
  const before = follower.events.length
  const bodies = Array.from({ length: count / EVENTS_PER_REQUEST }, () => batch(EVENTS_PER_REQUEST))
  const startedAt = performance.now()
  const connection = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      await taken(hub, portal, body)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  await arrived(follower, before + count)
  return count / ((performance.now() - startedAt) / 1_000)
}

/** Sends small requests at a steady pace, whether or not earlier ones have been answered. */
async function latencies({ hub, portal, follower }: Source, eventsPerSecond: number) {
  const before = follower.events.length
  const calls: Promise<unknown>[] = []
  const startedAt = performance.now()
  while (performance.now() - startedAt < PACED_MS) {
    const seconds = (performance.now() - startedAt) / 1_000
    while (calls.length * PACED_EVENTS_PER_REQUEST < seconds * eventsPerSecond) {
      calls.push(taken(hub, portal, batch(PACED_EVENTS_PER_REQUEST)))
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(calls)
  const seconds = (performance.now() - startedAt) / 1_000
  await arrived(follower, before + calls.length * PACED_EVENTS_PER_REQUEST)
  const timings = follower.events.slice(before).map(({ data }) => {
    const { eventPublishTime, processorReceiveTime, processorDispatchTime } =
      data.event.detail.meta.timings
    const dispatchedAt = Date.parse(processorDispatchTime)
    return {
      enrichment: dispatchedAt - Date.parse(processorReceiveTime),
      published: dispatchedAt - Date.parse(eventPublishTime),
    }
  })
  return {
    loadEventsPerSecond: (calls.length * PACED_EVENTS_PER_REQUEST) / seconds,
    enrichment: percentiles(timings.map(({ enrichment }) => enrichment)),
    published: percentiles(timings.map(({ published }) => published)),
  }
}

async function taken(hub: HubProcess, portal: Caller, events: readonly object[]): Promise<void> {
  const { status, body } = await restAs(hub, portal, ['POST', '/tenancy-events', { events }])
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
}

async function arrived({ events }: EventFollower, count: number): Promise<void> {
  while (events.length < count) await new Promise((resolve) => setTimeout(resolve, 2))
}

function batch(count: number): readonly object[] {
  return Array.from({ length: count }, () => ({
    id: randomUUID(),
    name: 'VpcCreateEvent',
    fields: {
      resourceId: randomUUID(),
      resourceName: 'shop',
      awsAccountId: ACCOUNTS.MEMBER,
      status: 'SUCCESS',
    },
    aws: { accountId: ACCOUNTS.MEMBER, region: REGION },
  }))
}
