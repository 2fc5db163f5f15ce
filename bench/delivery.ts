import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

import { Putter } from '../test/crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import type { HubProcess } from '../test/hub-process.ts'
import { createOrganisation } from '../test/organisation.ts'
import { orderEntry, putEventsRequest, run } from './load.ts'
import { fillHistory } from './past-events.ts'
import { sendProbes } from './probes.ts'
import { percentiles } from './percentiles.ts'
import type { Percentiles } from './percentiles.ts'
import type { TargetReport } from './target-server.ts'

const RULES = 300
/** The probe's, and the one that forwards AWS events. */
const OTHER_RULES = 2
const ENTRIES_PER_REQUEST = 10
const CONNECTIONS = 16
const DISTINCT_REQUESTS = 600
const HANGING_SHARE = 0.1
/** Half of the 2,000 that are to be sustained. */
const LOW_LOAD_PER_SECOND = 1_000
const WARM_UP_MS = 4_000
const MEASURED_MS = 12_000
const DRAIN_LOOK_MS = 200

export interface DeliveryFigure {
  readonly what: string
  /** Events that their targets answered, a second, while as many as possible were put. */
  readonly sustainedPerSecond: number
  readonly latencies: readonly Latency[]
}

/** From PutEvents to the target, while so many other events come. */
interface Latency extends Percentiles {
  readonly loadPerSecond: number
}

/** What a round is like. */
interface Conditions {
  readonly what: string
  readonly isHanging: (rule: number) => boolean
  readonly pastEvents: number
  /** Events a second; absent: half of what was sustained. */
  readonly highLoadPerSecond?: number
}

/**
 * From PutEvents to the target, with 300 rules of one HTTP target each, at 1 KB an event, each
 * event for one rule: what is sustained, and the latency at a low load and at half of what is
 * sustained. Then with one in ten targets hanging, and with a store that holds past events; both at
 * the loads of the first.
 */
export async function benchDelivery(pastEvents: number): Promise<readonly DeliveryFigure[]> {
  const plain = { what: '300 rules', isHanging: () => false, pastEvents: 0 }
  const first = await measure(plain)
  const highLoadPerSecond = first.latencies.at(-1)?.loadPerSecond ?? LOW_LOAD_PER_SECOND
  const isHanging = (rule: number) => rule % Math.round(1 / HANGING_SHARE) === 0
  const what = `${pastEvents} past events in the store`
  return [
    first,
    await measure({ ...plain, what: 'one in ten targets hangs', isHanging, highLoadPerSecond }),
    await measure({ ...plain, what, pastEvents, highLoadPerSecond }),
  ]
}

async function measure(conditions: Conditions): Promise<DeliveryFigure> {
  const folder = newDataFolder()
  if (conditions.pastEvents > 0) await fillHistory(folder, conditions.pastEvents)
  const flags = ['--allow-private-targets', '--quota', `rules=${RULES + OTHER_RULES}`]
  const hub = await startHubProcess(folder, flags)
  await createOrganisation(hub)
  const targets = fork(new URL('./target-server.ts', import.meta.url).pathname)
  const [port] = (await once(targets, 'message')) as [number]
  const report = async (): Promise<TargetReport> => {
    targets.send('report')
    const [told] = (await once(targets, 'message')) as [TargetReport]
    return told
  }
  await makeRules(hub, `http://127.0.0.1:${port}`, conditions)
  const requests = await requestsFor(hub)
  const load = { port: Number(new URL(hub.url).port), connections: CONNECTIONS, requests }

  const sustainedPerSecond = await sustained({ load, report })
  await drained(hub)
  const highLoad = conditions.highLoadPerSecond ?? sustainedPerSecond / 2
  const latencies: Latency[] = []
  for (const loadPerSecond of [LOW_LOAD_PER_SECOND, highLoad]) {
    latencies.push(await latencyAt(loadPerSecond, { hub, load, report }))
  }
  targets.disconnect()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
  return { what: conditions.what, sustainedPerSecond, latencies }
}

async function latencyAt(loadPerSecond: number, round: Round): Promise<Latency> {
  const { hub, load, report } = round
  const before = (await report()).probes.length
  const background = run({
    ...load,
    durationMs: WARM_UP_MS + MEASURED_MS,
    rate: loadPerSecond / ENTRIES_PER_REQUEST,
  })
  await pause(WARM_UP_MS)
  const putter = new Putter(await hub.profile('member'))
  const sentAt = await sendProbes(hub.url, putter, MEASURED_MS - 1_000)
  await background
  let probes: TargetReport['probes'] = []
  do {
    await pause(DRAIN_LOOK_MS)
    probes = (await report()).probes.slice(before)
  } while (probes.length < sentAt.length)
  return { loadPerSecond, ...percentiles(probes.map(([n, at]) => at - (sentAt[n] ?? 0))) }
}

/** The hub, what is put on it, and what its targets have got. */
interface Round {
  readonly hub: HubProcess
  readonly load: {
    readonly port: number
    readonly connections: number
    readonly requests: readonly Uint8Array[]
  }
  readonly report: () => Promise<TargetReport>
}

async function makeRules(hub: HubProcess, url: string, { isHanging }: Conditions): Promise<void> {
  const putter = new Putter(await hub.profile('member'))
  const put = async (Name: string, pattern: object, path: string) => {
    const EventPattern = JSON.stringify(pattern)
    await putter.call(hub.url, 'PutRule', { Name, EventPattern })
    await putter.call(hub.url, 'PutTargets', {
      Rule: Name,
      Targets: [{ Id: 't', Arn: url + path }],
    })
  }
  for (let rule = 0; rule < RULES; rule += 1) {
    const path = isHanging(rule) ? `/hanging/${rule}` : `/fine/${rule}`
    await put(`r${rule}`, { source: ['shop.orders'], detail: { shard: [`s${rule}`] } }, path)
  }
  await put('probe', { source: ['bench.probe'] }, '/probe')
}

async function requestsFor(hub: HubProcess): Promise<readonly Uint8Array[]> {
  const caller = await hub.profile('member')
  const port = Number(new URL(hub.url).port)
  return Array.from({ length: DISTINCT_REQUESTS }, (_unused, index) => {
    const numbers = Array.from({ length: ENTRIES_PER_REQUEST }, (_none, n) => index * 10 + n)
    const entries = numbers.map((n) => orderEntry(n, { shard: `s${n % RULES}` }))
    return putEventsRequest(port, caller, entries)
  })
}

/** Deliveries a second while events come as fast as they are taken. */
async function sustained({ load, report }: Omit<Round, 'hub'>): Promise<number> {
  const background = run({ ...load, durationMs: WARM_UP_MS + MEASURED_MS })
  await pause(WARM_UP_MS)
  const { answered: before } = await report()
  const begunAt = performance.now()
  await pause(MEASURED_MS - DRAIN_LOOK_MS)
  const { answered: after } = await report()
  const seconds = (performance.now() - begunAt) / 1_000
  await background
  return (after - before) / seconds
}

/** Waits until only what hangs is left. */
async function drained(hub: HubProcess): Promise<void> {
  let last = Number.POSITIVE_INFINITY
  for (;;) {
    const text = await (await fetch(`${hub.url}/metrics`)).text()
    const pending = Number(/belfry_deliveries_stored\{state="pending"\} (\d+)/.exec(text)?.[1])
    if (pending === 0 || pending >= last) return
    last = pending
    await pause(5 * DRAIN_LOOK_MS)
  }
}
