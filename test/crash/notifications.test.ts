import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

/**
 * A hub is killed with SIGKILL again and again while alerts are emitted and told to a program.
 * Afterwards each alert that was acknowledged is in one incident and was told at least once, and
 * what was told again had the same webhook-id. BELFRY_CRASH_KILLS sets the length of the run.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 4)
const LIFE_MS_MIN = 100
const LIFE_MS_MAX = 1_500
const ALERTS_PER_REQUEST = 3
const BETWEEN_REQUESTS_MS = 150
/** The other side is slow, so that kills find messages on their way; now and then it takes none. */
const ANSWER_MS_MAX = 60
const FAILS_ONE_IN = 25
const INCIDENTS_PER_PAGE = 100
const TELLING_MS = 60_000 + KILLS * 5_000

const folder = newDataFolder()
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver((_request, response) => {
    response.statusCode = receiver.received.length % FAILS_ONE_IN === 0 ? 503 : 200
    setTimeout(() => response.end(), Math.random() * ANSWER_MS_MAX)
  })
})
afterAll(async () => {
  await receiver.close()
  removeDataFolder(folder)
})

const timeout = 120_000 + KILLS * 15_000

it(`tells of every acknowledged alert in ${KILLS} kills`, { timeout }, async () => {
  let hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const secret = await prepareNotification(hub, organisationId)
  let acknowledged = 0
  const emitUntil = async (to: HubProcess, signal: AbortSignal) => {
    while (!signal.aborted) {
      const first = acknowledged
      const events = Array.from({ length: ALERTS_PER_REQUEST }, (_, n) =>
        numberedAlert(organisationId, first + n),
      )
      try {
        const { status } = await to.rest('POST', '/tenancy-events', { events })
        if (status === 200) acknowledged += ALERTS_PER_REQUEST
      } catch {
        // What the kill cut off is sent again under the same ids, as a publisher would.
      }
      await sleep(BETWEEN_REQUESTS_MS)
    }
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const emitting = emitUntil(hub, life.signal)
    await sleep(LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN))
    await hub.kill('SIGKILL')
    life.abort()
    await emitting
    hub = await startHubProcess(folder)
  }
  const last = new AbortController()
  setTimeout(() => last.abort(), LIFE_MS_MIN)
  await emitUntil(hub, last.signal)

  const expected = Array.from({ length: acknowledged }, (_, n) => n)
  await vi.waitFor(
    async () => {
      const all = await incidentsOf(hub, organisationId)
      const untold = all.filter(({ told, alerts }) => told < alerts)
      expect([all.length, untold.length]).toEqual([acknowledged, 0])
    },
    { timeout: TELLING_MS, interval: 500 },
  )
  const inIncidents = (await incidentsOf(hub, organisationId)).map(numberOf)
  expect(inIncidents.toSorted((a, b) => a - b)).toEqual(expected)

  const idsOf = new Map<number, Set<string>>()
  for (const { text, headers, body } of receiver.received) {
    new Webhook(secret).verify(text, headers as Record<string, string>)
    const n = body.payload.current_run_rate as number
    idsOf.set(n, (idsOf.get(n) ?? new Set()).add(String(headers['webhook-id'])))
  }
  const several = [...idsOf].filter(([, ids]) => ids.size > 1)
  expect(several).toEqual([])
  expect([...idsOf.keys()].toSorted((a, b) => a - b)).toEqual(expected)
  const [requests, alerts] = [receiver.received.length, acknowledged]
  process.stdout.write(`  ${KILLS} kills: ${alerts} alerts told in ${requests} requests\n`)
  await hub.kill('SIGTERM')
})

async function prepareNotification(hub: HubProcess, organisationId: string): Promise<string> {
  const settings = { kind: 'webhook', url: receiver.url }
  const channel = await hub.rest('POST', '/channels', { organisationId, name: 'Hook', settings })
  const notification = await hub.rest('POST', '/notifications', {
    ...{ organisationId, name: 'Spikes', channelId: channel.body.id },
    ...{ alerts: { costSpikes: {} }, settleSeconds: 0 },
  })
  expect(notification.status).toBe(201)
  return channel.body.secret as string
}

const ids: string[] = []

/** The same for the same number. */
function numberedAlert(organisationId: string, n: number): object {
  const name = 'CostSpikeEvent'
  const { accountName: _, ...example } = (eventTypeOf(name) as EventType).example
  const numbered = { alertId: `spike/${n}`, detectorName: `Detector ${n}`, actual: String(n) }
  const id = (ids[n] ??= randomUUID())
  return { id, organisationId, name, fields: { ...example, ...numbered } }
}

/** Of the alert that an incident is made of. */
function numberOf({ title }: { readonly title: string }): number {
  return Number(/Detector (\d+)/.exec(title)?.[1])
}

async function incidentsOf(hub: HubProcess, organisationId: string): Promise<any[]> {
  const all: any[] = []
  let nextToken: string | undefined
  do {
    const token = nextToken === undefined ? {} : { nextToken }
    const page = { organisationId, limit: String(INCIDENTS_PER_PAGE), ...token }
    const { body } = await hub.rest('GET', `/incidents?${new URLSearchParams(page).toString()}`)
    all.push(...body.items)
    nextToken = body.nextToken
  } while (nextToken !== undefined)
  return all
}
