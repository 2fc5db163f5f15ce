import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { encodeBatch, positionOf } from '#src/pipeline/2-record/batch-format.ts'
import { PROGRESS_KEY, TRAIL_PROGRESS } from '#src/trail/documents.ts'

const EVENTS_PER_BATCH = 2_000
const REGION = 'ap-southeast-2'
const ACCOUNT = '444444444444'
/** All that read the log, as if they had read all of it; so has the trail. */
const READERS = [
  'route',
  'enrich',
  'event-index',
  'volume',
  'archives',
  'schema-discovery',
  'findings',
]

/** Fills the store of a data folder with events of 1 KB that have been routed long ago. */
export async function fillHistory(folder: string, count: number): Promise<void> {
  const store = await openSqliteStore({ folder })
  const now = Date.now()
  const note = 'x'.repeat(700)
  for (let first = 0; first < count; first += EVENTS_PER_BATCH) {
    const events = Array.from({ length: Math.min(EVENTS_PER_BATCH, count - first) }, (_, index) =>
      pastEvent(`past-${first + index}`, now, note),
    )
    const sequence = await store.log.append(encodeBatch(events), now)
    const places = events.map(({ id: eventId }, index) => ({
      eventId,
      position: positionOf(sequence, index),
    }))
    await store.eventIndex.add('event-index', sequence, places)
  }
  const last = await store.log.lastSequence()
  for (const reader of READERS) await store.cursors.save(reader, last)
  await store.state.transact(async (transaction) =>
    transaction.put(TRAIL_PROGRESS, PROGRESS_KEY, { readTo: last }),
  )
  await store.close()
}

function pastEvent(id: string, acceptedAt: number, note: string): RecordedEvent {
  const [source, detailType] = ['shop.past', 'Order Placed']
  const json = envelopeJson({
    ...{ id, detailType, source, account: ACCOUNT, time: acceptedAt, region: REGION },
    ...{ resources: [], detailJson: JSON.stringify({ orderId: id, total: 129.95, note }) },
  })
  const busArn = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/default`
  return {
    ...{ id, busArn, acceptedAt, source, detailType, account: ACCOUNT, region: REGION },
    ...{ hops: NO_HOPS, json },
  }
}
