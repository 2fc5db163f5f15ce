import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import type { Delivery } from '#src/model/delivery.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { FinishedAttempt, FinishedSend, Observer } from '#src/ports/observer.ts'

const REGION = 'ap-southeast-2'
export const BUS = `arn:aws:events:${REGION}:111111111111:event-bus/default`

/** An event as a door would have accepted it. */
export function recordedEvent(id: string, given: Partial<RecordedEvent> = {}): RecordedEvent {
  const [source, detailType, account] = ['my.app', 'Test', '111111111111']
  const json = envelopeJson({
    ...{ id, detailType, source, account, time: 1_750_000_000_000, region: REGION },
    ...{ resources: [], detailJson: `{"name":"${id}"}` },
  })
  return {
    ...{ id, busArn: BUS, acceptedAt: Date.now(), source, detailType, account, region: REGION },
    ...{ hops: NO_HOPS, json },
    ...given,
  }
}

/** Keeps what the stages tell. */
export function observing() {
  const attempts: FinishedAttempt[] = []
  const expired: Delivery[] = []
  const sends: FinishedSend[] = []
  const faults: { readonly stage: string; readonly error: unknown }[] = []
  const observer: Observer = {
    entriesAccepted: () => undefined,
    entryRefused: () => undefined,
    entryDropped: () => undefined,
    eventsRouted: () => undefined,
    eventEnriched: () => undefined,
    volumeCounted: () => undefined,
    eventsArchived: () => undefined,
    eventsReplayed: () => undefined,
    deliveryHeldUp: () => undefined,
    busLogWritten: () => undefined,
    busLogDropped: () => undefined,
    trailWritten: () => undefined,
    trailWaiting: () => undefined,
    schemaDiscovered: () => undefined,
    resultsTaken: () => undefined,
    findingsGone: () => undefined,
    attemptFinished: (attempt) => attempts.push(attempt),
    deliveryExpired: ({ delivery }) => expired.push(delivery),
    letterSent: (send) => sends.push(send),
    stageFaulted: (stage, error) => faults.push({ stage, error }),
  }
  return { observer, attempts, expired, sends, faults }
}

/** A real store in a folder of its own. */
export async function temporaryStore(): Promise<{ store: Store; remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-pipeline-'))
  const store = await openSqliteStore({ folder })
  return {
    store,
    remove: async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves when the condition holds. @throws Error when it takes longer than ten seconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
