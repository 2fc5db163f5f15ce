import { afterEach, beforeEach } from 'vitest'

import type { Store } from '#src/adapters/sqlite/store.ts'
import type { NewDelivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { systemIds } from '#src/ports/ids.ts'
import { BUS, observing, recordedEvent, temporaryStore } from '../pipeline.fixture.ts'
import { Dispatcher } from './dispatcher.ts'
import type { DispatcherPorts, TargetKind } from './dispatcher.ts'
import type { AttemptOutcome } from './retry-schedule.ts'

export const SUCCESS: AttemptOutcome = { kind: 'success' }
export const RETRYABLE: AttemptOutcome = {
  kind: 'retryable',
  error: { code: 'ERROR_FROM_TARGET', message: 'the target answered 503' },
}
export const PERMANENT: AttemptOutcome = {
  kind: 'permanent',
  error: { code: 'NO_RESOURCE', message: 'no such bus' },
}
export const CONCURRENCY = 16
/** Of a target that has not answered yet. */
export const ATTEMPTS_AT_FIRST = 2
/** The first retry comes after half a second when the jitter is 0. */
const ids = { ...systemIds, fraction: () => 0 }

export let store: Store
let log: EventLog
let remove: () => Promise<void>
export let stopping: AbortController
const running = new Set<Dispatcher>()

beforeEach(async () => {
  const temporary = await temporaryStore()
  store = temporary.store
  remove = temporary.remove
  log = await createRecorder(store.log, clock)
  stopping = new AbortController()
})
afterEach(async () => {
  await stop()
  await remove()
})

export async function stop(): Promise<void> {
  stopping.abort()
  await Promise.all([...running].map(({ drained }) => drained))
  running.clear()
  stopping = new AbortController()
}

/** As if its process had ended: nobody waits for what it has under way. */
export function crash(dispatcher: Dispatcher): void {
  running.delete(dispatcher)
  stopping.abort()
  stopping = new AbortController()
}

/** What a target was asked to take, and how many attempts it had at once. */
export interface Target extends TargetKind {
  readonly seen: { readonly id: number; readonly event: RecordedEvent }[]
  underWay: number
  underWayMax: number
}

export function target(
  answer: (id: number, nth: number) => AttemptOutcome | Promise<AttemptOutcome>,
  concurrency = CONCURRENCY,
): Target {
  const made: Target = {
    concurrency,
    seen: [],
    underWay: 0,
    underWayMax: 0,
    attempt: async ({ id }, event) => {
      made.seen.push({ id, event })
      made.underWay += 1
      made.underWayMax = Math.max(made.underWayMax, made.underWay)
      try {
        return await answer(id, made.seen.length)
      } finally {
        made.underWay -= 1
      }
    },
  }
  return made
}

export function start(
  targets: Readonly<Record<string, TargetKind>>,
  queue = store.queue,
  currentTarget: DispatcherPorts['currentTarget'] = async () => undefined,
) {
  const seen = observing()
  const dispatcher = new Dispatcher(
    {
      ...{ log, queue, clock, ids, observer: seen.observer },
      targetKindOf: ({ arn }) => targets[arn] as TargetKind,
      currentTarget,
    },
    stopping.signal,
  )
  running.add(dispatcher)
  return { dispatcher, ...seen }
}

/** Records events and enqueues a delivery of each for a target. */
export async function enqueue(targetArn: string, count: number, given: Partial<NewDelivery> = {}) {
  const events = Array.from({ length: count }, (_, index) => recordedEvent(`${targetArn}-${index}`))
  const positions = await log.record(events)
  const deliveries = events.map((event, index): NewDelivery => {
    const [position, ruleArn] = [positions[index] as number, `${BUS}/rule`]
    return {
      ...{ position, eventId: event.id, ruleArn, target: { id: targetArn, arn: targetArn } },
      ...{ managed: false, startedAt: event.acceptedAt, nextAttemptAt: clock.now() },
      ...given,
    }
  })
  const made = await store.queue.enqueue(deliveries)
  return deliveries.map((delivery, index) => ({
    delivery: { ...delivery, id: made[index] as number, attempts: 0 },
    event: events[index] as RecordedEvent,
  }))
}

export const allDone = async () => (await store.queue.counts()).pending === 0
export const idsSeen = ({ seen }: Target) => seen.map(({ id }) => id).toSorted((a, b) => a - b)
