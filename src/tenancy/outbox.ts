import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { ACCOUNTS, FOUNDATION_ACCOUNTS, ORGANISATIONS, OUTBOX, foundationKey } from './documents.ts'
import { recordedTenancyEvent } from './tenancy-events.ts'
import type { TenancyEvent } from './tenancy-events.ts'

export interface OutboxPorts {
  readonly state: State
  readonly log: EventLog
  readonly clock: Clock
  readonly observer: Observer
  readonly namespace: EventNamespace
}

const EVENTS_PER_ROUND = 500

/**
 * Moves tenancy events from the outbox to the log, oldest first, until the signal aborts. Events
 * of an organisation without a logging account wait in the outbox until it has one.
 */
export async function emptyOutbox(ports: OutboxPorts, signal: AbortSignal): Promise<void> {
  const { state, observer } = ports
  let wake = Promise.withResolvers<void>()
  const stopWatching = state.watch((changes) => {
    const relevant = changes.some(
      ({ collection, value }) =>
        value !== undefined &&
        (collection === OUTBOX.name || collection === FOUNDATION_ACCOUNTS.name),
    )
    if (relevant) wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve())
  const onFault = (error: unknown) => observer.stageFaulted('outbox', error)
  while (!signal.aborted) {
    const woken = wake.promise
    await patiently(() => emptyOnce(ports), onFault, signal)
    await woken
    wake = Promise.withResolvers()
    if (signal.aborted) wake.resolve()
  }
  stopWatching()
}

async function emptyOnce(ports: OutboxPorts): Promise<void> {
  const { state, log, clock, namespace, observer } = ports
  let after: string | undefined
  for (;;) {
    const documents = await state.list(OUTBOX, {
      limit: EVENTS_PER_ROUND,
      ...(after !== undefined && { after }),
    })
    const places = new Map<string, Awaited<ReturnType<typeof placeOf>>>()
    const ready: RecordedEvent[] = []
    const sent: string[] = []
    for (const { key, value: event } of documents) {
      const { organisationId } = event
      const place = places.get(organisationId) ?? (await placeOf(state, event))
      places.set(organisationId, place)
      if (place === undefined) continue
      ready.push(recordedTenancyEvent(event, namespace, { ...place, now: clock.now() }))
      sent.push(key)
    }
    await log.record(ready)
    await state.transact(async (transaction) => {
      for (const key of sent) transaction.delete(OUTBOX, key)
    })
    observer.entriesAccepted('tenancy', ready.length)
    if (documents.length < EVENTS_PER_ROUND) return
    after = documents.at(-1)?.key
  }
}

async function placeOf(state: State, { organisationId }: TenancyEvent) {
  const organisation = await state.get(ORGANISATIONS, organisationId)
  const accountId = await state.get(FOUNDATION_ACCOUNTS, foundationKey(organisationId, 'LOGGING'))
  const logging = accountId === undefined ? undefined : await state.get(ACCOUNTS, accountId)
  if (organisation === undefined || logging === undefined) return undefined
  const { installationRegion } = organisation
  return { installationRegion, loggingAccount: logging.awsAccountId }
}
