import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { Ledger } from './ledger.ts'
import { Putter } from './putter.ts'

/**
 * A hub is killed with SIGKILL again and again while events are put and delivered. Afterwards
 * every event that was acknowledged must have been delivered; duplicates are allowed if they carry
 * the same id. BELFRY_CRASH_KILLS sets the length of the run, and BELFRY_CRASH_EVENTS how many
 * events are acknowledged in it at least: each life then lasts until it has had its share.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 12)
const EVENTS = Number(process.env['BELFRY_CRASH_EVENTS'] ?? 0)
/** Between two kills: from before the first flush to well into delivery. */
const LIFE_MS_MIN = 30
const LIFE_MS_MAX = 900
const CALLERS = 8
/** A target that is sent nothing for so long has been sent everything. */
const QUIET_MS = 60_000
/** A slow machine takes some ms for an event with all of its deliveries. */
const timeout = 600_000 + EVENTS * 30

const PLACES = ['/direct', '/forwarded']
const ledger = new Ledger(PLACES)
const folder = newDataFolder()
let receiver: Receiver

beforeAll(async () => {
  // A slow and flaky target, so that a kill finds deliveries in every state.
  let requests = 0
  receiver = await startReceiver(({ path, body }, response) => {
    requests += 1
    const isTaken = requests % 7 !== 0
    if (isTaken) ledger.arrive(body.detail.n, body.id, path)
    // Counted: kept as well, a million would take all memory.
    receiver.received.length = 0
    response.statusCode = isTaken ? 200 : 503
    setTimeout(() => response.end(), requests % 3)
  })
})
afterAll(async () => {
  await receiver.close()
  removeDataFolder(folder)
})

it(`loses no acknowledged event in ${KILLS} kills`, { timeout }, async () => {
  let hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const putter = new Putter(await hub.profile('member'))
  await prepareRules(hub, putter)

  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const living = hub
    const putting = Array.from({ length: CALLERS }, () => keepPutting(putter, living, life.signal))
    const share = (EVENTS / KILLS) * (kill + 1)
    await vi.waitUntil(() => ledger.acknowledged >= share, { timeout, interval: 10 })
    const lifeMs = LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN)
    await pause(lifeMs)
    await hub.kill('SIGKILL')
    life.abort()
    await Promise.all(putting)
    if (EVENTS > 0) report(kill + 1)
    hub = await startHubProcess(folder)
  }

  for (let arrived = -1; ledger.missing().length > 0 && arrived < ledger.arrived;) {
    arrived = ledger.arrived
    const quietAt = Date.now() + QUIET_MS
    while (Date.now() < quietAt && ledger.missing().length > 0) await pause(200)
  }
  await hub.kill('SIGTERM')

  report(KILLS)
  expect(ledger.acknowledged).toBeGreaterThan(KILLS)
  expect(ledger.missing()).toEqual([])
  // An event whose acknowledgement the kill cut off may arrive too, under one id as well.
  expect(ledger.underAnotherId).toBe(0)
})

/** Puts events, also after a hub was too busy for some, until the signal aborts. */
async function keepPutting(putter: Putter, hub: HubProcess, signal: AbortSignal): Promise<void> {
  const onAcknowledged = (n: number, id: string) => ledger.acknowledge(n, id)
  while (!signal.aborted) {
    await putter.putUntil(hub.url, signal, onAcknowledged)
    await pause(20)
  }
}

function report(kills: number): void {
  const { acknowledged, duplicates, underAnotherId } = ledger
  process.stdout.write(
    `  ${kills} kills: ${acknowledged} events acknowledged, ${ledger.missing().length} not delivered, ${duplicates} duplicate requests, ${underAnotherId} under another id\n`,
  )
}

/** One rule straight to the target, and one by way of another event bus. */
async function prepareRules(hub: HubProcess, putter: Putter): Promise<void> {
  const second = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/second`
  const EventPattern = '{"source":["crash.test"]}'
  const call = (operation: string, input: object) => putter.call(hub.url, operation, input)
  await call('CreateEventBus', { Name: 'second' })
  await call('PutRule', { Name: 'direct', EventPattern })
  await call('PutTargets', { Rule: 'direct', Targets: [target('/direct')] })
  await call('PutRule', { Name: 'forward', EventPattern })
  await call('PutTargets', { Rule: 'forward', Targets: [{ Id: 't', Arn: second }] })
  await call('PutRule', { Name: 'arrived', EventPattern, EventBusName: 'second' })
  const Targets = [target('/forwarded')]
  await call('PutTargets', { Rule: 'arrived', EventBusName: 'second', Targets })
}

function target(path: string) {
  return { Id: 't', Arn: `${receiver.url}${path}` }
}
