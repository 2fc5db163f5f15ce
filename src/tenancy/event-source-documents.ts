import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { AccountId } from '#src/model/event.ts'
import type { EventSource } from '#src/model/event-source.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { managedAccountOf } from './managed-accounts.ts'

export type StoredEventSource = Omit<EventSource, 'state'>

/** By account, region and name, which is how an event bus asks for it. */
export const EVENT_SOURCES = collection<StoredEventSource>('event-sources')
/** By id; holds the key. */
export const EVENT_SOURCE_IDS = collection<string>('event-source-ids')

export function busOf({ awsAccountId, region, name }: StoredEventSource): BusAddress {
  return { account: awsAccountId, region, name }
}

export function sourceKey({ account, region, name }: BusAddress): string {
  return sourcesPrefix(account) + [region, name].join('|')
}

/** Whether an account has made the event bus of a source. */
export type BusExists = (busArn: string) => Promise<boolean>

/** Whether a source sends events: its account is managed, by its own organisation, and has its bus. */
export async function isActive(
  state: Pick<State, 'get'>,
  busExists: BusExists,
  source: StoredEventSource,
): Promise<boolean> {
  return (await isOwn(state, source)) && (await busExists(busArn(busOf(source))))
}

/**
 * Whether a source's account belongs to its organisation: it carries that organisation's events,
 * which are not for whoever has the account now.
 */
export async function isOwn(
  from: Pick<StateTransaction, 'get'>,
  { awsAccountId, organisationId }: StoredEventSource,
): Promise<boolean> {
  const account = await managedAccountOf(from, awsAccountId)
  return account?.organisationId === organisationId
}

export function happeningTo({ organisationId, name, awsAccountId, region }: StoredEventSource) {
  const fields = { eventSourceName: name, awsAccountId, region }
  return { organisationId, aws: { accountId: awsAccountId, region }, fields }
}

export function keepSource({ transaction }: Step, source: StoredEventSource): StoredEventSource {
  const key = sourceKey(busOf(source))
  transaction.put(EVENT_SOURCES, key, source)
  transaction.put(EVENT_SOURCE_IDS, source.id, key)
  return source
}

export function removeSource({ transaction, tell }: Step, source: StoredEventSource): void {
  tell('EventSourceDeleteEvent', happeningTo(source))
  transaction.delete(EVENT_SOURCES, sourceKey(busOf(source)))
  transaction.delete(EVENT_SOURCE_IDS, source.id)
}

/** Ends the sources of an account that is managed no more, and so gains none meanwhile. */
export async function removeSourcesOf(
  state: State,
  step: Step,
  awsAccountId: AccountId,
): Promise<void> {
  const limit = Number.MAX_SAFE_INTEGER
  for (const { key } of await state.list(EVENT_SOURCES, {
    prefix: sourcesPrefix(awsAccountId),
    limit,
  })) {
    const source = await step.transaction.get(EVENT_SOURCES, key)
    if (source !== undefined) removeSource(step, source)
  }
}

function sourcesPrefix(account: AccountId): string {
  return `${account}|`
}
