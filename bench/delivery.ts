import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
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
const WARM_UP_MS = 2_000
const MEASURED_MS = 8_000
const LOW_LOAD_WINDOWS = 3
const DRAIN_LOOK_MS = 200
const ROUNDS = Number(process.env['ROUNDS'] ?? 4)

export interface DeliveryFigure {
  readonly what: string
  /** Events that their targets answered, a second, while as many as possible were put. */
  readonly sustainedPerSecond: number
  readonly latencies: readonly Latency[]
}

/**
 * From PutEvents to the target, while so many other events come. `window` is the median of the windows
 * of some seconds: a single pause of the machine is 1 % of all probes of its window, and decides p99 of
 * all of them.
 */
interface Latency {
  readonly loadPerSecond: number
  readonly window: Percentiles
  readonly all: Percentiles
}

/** What a hub is like. */
interface Conditions {
  readonly what: string
  readonly isHanging: (rule: number) => boolean
  readonly pastEvents: number
}

/**
 * From PutEvents to the target, with 300 rules of one HTTP target each, at 1 KB an event, each
 * event for one rule: what is sustained, and the latency at a low load and at half of what is
 * sustained. So for a hub with nothing else, one of which one in ten targets hangs, and one whose store
 * holds past events. They run in turns, one at a time, since what else a machine does makes more of a
 * difference from one minute to the next than what is to be seen.
 */
export async function benchDelivery(pastEvents: number): Promise<readonly DeliveryFigure[]> {
  const plain = { what: '300 rules', isHanging: () => false, pastEvents: 0 }
  const isHanging = (rule: number) => rule % Math.round(1 / HANGING_SHARE) === 0
  const trials = [
    await begin(plain),
    await begin({ ...plain, what: 'one in ten targets hangs', isHanging }),
    await begin({ ...plain, what: `${pastEvents} past events in the store`, pastEvents }),
  ]
  const results = trials.map(() => ({
    sustained: [] as number[],
    low: [] as Window[],
    high: [] as Window[],
  }))
  let highLoad = LOW_LOAD_PER_SECOND
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, trial] of trials.entries()) {
      const { sustained, low, high } = results[index] as (typeof results)[number]
      const hub = await startHubProcess(trial.folder, FLAGS)
      sustained.push(await sustainedBy(hub, trial))
      // All have the load that was half of what the first sustained at first.
      if (round === 0 && index === 0) highLoad = Math.round((sustained[0] ?? 0) / 2)
      await drained(hub)
      low.push(...(await windowsAt(LOW_LOAD_PER_SECOND, LOW_LOAD_WINDOWS, hub, trial)))
      high.push(...(await windowsAt(highLoad, 1, hub, trial)))
      await hub.kill('SIGTERM')
    }
  }
  for (const { targets, folder } of trials) {
    targets.disconnect()
    removeDataFolder(folder)
  }
  return trials.map(({ what }, index) => {
    const { sustained, low, high } = results[index] as (typeof results)[number]
    return {
      what,
      sustainedPerSecond: sustained.reduce((sum, one) => sum + one, 0) / sustained.length,
      latencies: [latencyOf(LOW_LOAD_PER_SECOND, low), latencyOf(highLoad, high)],
    }
  })
}

/** How long each probe of some seconds took, in ms. */
type Window = readonly number[]

function latencyOf(loadPerSecond: number, windows: readonly Window[]): Latency {
  const each = windows.map((window) => percentiles(window))
  const medianOf = (of: keyof Percentiles) => percentiles(each.map((one) => one[of])).msP50
  return {
    loadPerSecond,
    window: { msP50: medianOf('msP50'), msP99: medianOf('msP99') },
    all: percentiles(windows.flat()),
  }
}

const FLAGS = ['--allow-private-targets', '--quota', `rules=${RULES + OTHER_RULES}`]

/** The data of a hub, and its targets. */
interface Trial {
  readonly what: string
  readonly folder: string
  readonly targets: ChildProcess
  readonly report: () => Promise<TargetReport>
}

async function begin(conditions: Conditions): Promise<Trial> {
  const folder = newDataFolder()
  if (conditions.pastEvents > 0) await fillHistory(folder, conditions.pastEvents)
  const targets = fork(new URL('./target-server.ts', import.meta.url).pathname)
  const [port] = (await once(targets, 'message')) as [number]
  const report = async (): Promise<TargetReport> => {
    targets.send('report')
    const [told] = (await once(targets, 'message')) as [TargetReport]
    return told
  }
  const hub = await startHubProcess(folder, FLAGS)
  await createOrganisation(hub)
  await makeRules(hub, `http://127.0.0.1:${port}`, conditions)
  await hub.kill('SIGTERM')
  return { what: conditions.what, folder, targets, report }
}

/** As many windows, one after the other, under one load that goes on. */
async function windowsAt(
  loadPerSecond: number,
  count: number,
  hub: HubProcess,
  trial: Trial,
): Promise<readonly Window[]> {
  const load = await loadOf(hub)
  const background = run({
    ...load,
    durationMs: WARM_UP_MS + count * MEASURED_MS,
    rate: loadPerSecond / ENTRIES_PER_REQUEST,
  })
  await pause(WARM_UP_MS)
  const windows: Window[] = []
  for (let window = 0; window < count; window += 1) windows.push(await windowOf(hub, trial))
  await background
  return windows
}

async function windowOf(hub: HubProcess, { report }: Trial): Promise<Window> {
  const before = (await report()).probes.length
  const putter = new Putter(await hub.profile('member'))
  const sentAt = await sendProbes(hub.url, putter, MEASURED_MS - 1_000)
  let probes: TargetReport['probes'] = []
  do {
    await pause(DRAIN_LOOK_MS)
    probes = (await report()).probes.slice(before)
  } while (probes.length < sentAt.length)
  return probes.map(([n, at]) => at - (sentAt[n] ?? 0))
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

/** Signed anew for each time that it is used: signatures end. */
async function loadOf(hub: HubProcess) {
  const caller = await hub.profile('member')
  const port = Number(new URL(hub.url).port)
  const requests = Array.from({ length: DISTINCT_REQUESTS }, (_unused, index) => {
    const numbers = Array.from({ length: ENTRIES_PER_REQUEST }, (_none, n) => index * 10 + n)
    const entries = numbers.map((n) => orderEntry(n, { shard: `s${n % RULES}` }))
    return putEventsRequest(port, caller, entries)
  })
  return { port, connections: CONNECTIONS, requests }
}

/** Deliveries a second while events come as fast as they are taken. */
async function sustainedBy(hub: HubProcess, { report }: Trial): Promise<number> {
  const load = await loadOf(hub)
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
