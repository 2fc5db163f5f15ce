import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { RestError } from '#src/errors.ts'
import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { partnerSource } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { DEFAULT_EVENT_SOURCE } from '#src/model/event-source.ts'
import type { EventSource } from '#src/model/event-source.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account } from '#src/model/tenancy.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { ACCOUNTS, AWS_ACCOUNTS, listAccepted } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

export interface NewEventSource {
  readonly awsAccountId: AccountId
  /** Absent: the installation region. */
  readonly region?: Region | undefined
  /** Last part of its name. */
  readonly label: string
  readonly eventPattern?: string | undefined
}

/**
 * Partner event sources of the tenancy's events beside the one that the logging account has. The
 * account that a source is offered to takes it by making an event bus of the same name.
 */
export interface EventSources {
  create(caller: Principal, given: NewEventSource): Promise<EventSource>
  get(caller: Principal, id: string): Promise<EventSource>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<EventSource>>
  /** @param eventPattern null: all events */
  update(caller: Principal, id: string, eventPattern: string | null): Promise<EventSource>
  remove(caller: Principal, id: string): Promise<void>
  /** The sources that an account is offered in a region. */
  readonly offeredTo: (place: {
    readonly account: AccountId
    readonly region: Region
  }) => Promise<readonly { readonly name: string; readonly createdAt: number }[]>
  /** The sources of an organisation whose account has made the bus for them. */
  readonly activeOf: (organisationId: string) => Promise<readonly ActiveEventSource[]>
}

export interface ActiveEventSource {
  readonly bus: BusAddress
  readonly wants: (eventJson: string) => boolean
}

export interface EventSourcePorts extends Pick<OrganisationPorts, 'state' | 'ids' | 'actions'> {
  readonly namespace: EventNamespace
  readonly busExists: (busArn: string) => Promise<boolean>
}

type StoredEventSource = Omit<EventSource, 'state'>

/** By account, region and name, which is how an event bus asks for it. */
const EVENT_SOURCES = collection<StoredEventSource>('event-sources')
/** By id; holds the key. */
const EVENT_SOURCE_IDS = collection<string>('event-source-ids')

export function createEventSources(ports: EventSourcePorts): EventSources {
  const { state, busExists } = ports
  const activeOf = createActiveSources(state, busExists)

  const shown = async (stored: StoredEventSource): Promise<EventSource> => {
    const exists = await busExists(busArn(busOf(stored)))
    return { ...stored, state: exists ? 'ACTIVE' : 'PENDING' }
  }

  return {
    ...changing(ports, shown),
    get: async (caller, id) => shown((await found(state, caller, id)).stored),
    list: async (caller, { organisationId, ...page }) => {
      const { items, last } = await listAccepted(state, EVENT_SOURCES, {
        ...page,
        accept: (source) =>
          isVisible(caller, source) &&
          (organisationId === undefined || organisationId === source.organisationId),
      })
      const sources = await Promise.all(items.map(shown))
      return { items: sources, ...(last !== undefined && { last }) }
    },
    offeredTo: async ({ account, region }) => {
      const prefix = keyOf({ account, region, name: '' })
      const limit = Number.MAX_SAFE_INTEGER
      return (await state.list(EVENT_SOURCES, { prefix, limit })).map(({ value }) => value)
    },
    activeOf,
  }
}

function changing(
  { ids, actions, namespace }: EventSourcePorts,
  shown: (stored: StoredEventSource) => Promise<EventSource>,
): Pick<EventSources, 'create' | 'update' | 'remove'> {
  return {
    create: async (caller, given) => {
      const { label, eventPattern } = given
      if (label === DEFAULT_EVENT_SOURCE) throw defaultIsTaken()
      checkPattern(eventPattern)
      const stored = await actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const account = await accountOf(transaction, caller, given.awsAccountId)
        const { organisationId, awsAccountId } = account
        const organisation = await organisationOf(transaction, caller, organisationId)
        const region = given.region ?? organisation.installationRegion
        if (!organisation.regions.includes(region)) {
          throw new RestError(
            400,
            'event-source.region-not-enabled',
            `region "${region}" is not one of the organisation's: ${organisation.regions.join(', ')}`,
          )
        }
        const created: StoredEventSource = {
          id: ids.timeOrderedUuid(now),
          organisationId,
          name: partnerSource(namespace, awsAccountId, label),
          awsAccountId,
          region,
          ...(eventPattern !== undefined && { eventPattern }),
          createdAt: now,
          modifiedAt: now,
        }
        tell('EventSourceCreateEvent', happening(created))
        const key = keyOf(busOf(created))
        if ((await transaction.get(EVENT_SOURCES, key)) !== undefined) {
          throw new RestError(
            409,
            'event-source.exists',
            `account ${awsAccountId} has an event source "${created.name}" in ${region} already`,
          )
        }
        transaction.put(EVENT_SOURCES, key, created)
        transaction.put(EVENT_SOURCE_IDS, created.id, key)
        return created
      })
      return shown(stored)
    },
    update: async (caller, id, eventPattern) => {
      checkPattern(eventPattern ?? undefined)
      const stored = await actions.perform(caller, async ({ transaction, now, tell }) => {
        const { key, stored: before } = await found(transaction, caller, id)
        tell('EventSourceUpdateEvent', happening(before))
        const { eventPattern: _, ...others } = before
        const after = {
          ...others,
          ...(eventPattern !== null && { eventPattern }),
          modifiedAt: now,
        }
        transaction.put(EVENT_SOURCES, key, after)
        return after
      })
      return shown(stored)
    },
    remove: (caller, id) =>
      actions.perform(caller, async ({ transaction, tell }: Step) => {
        const { key, stored } = await found(transaction, caller, id)
        tell('EventSourceDeleteEvent', happening(stored))
        transaction.delete(EVENT_SOURCES, key)
        transaction.delete(EVENT_SOURCE_IDS, id)
      }),
  }
}

/** The sources of each organisation, in memory until one changes. */
function createActiveSources(state: State, busExists: EventSourcePorts['busExists']) {
  type Held = ActiveEventSource & { readonly organisationId: string }
  let held: Promise<readonly Held[]> | undefined
  state.watch((changes) => {
    if (changes.some(({ collection: changed }) => changed === EVENT_SOURCES.name)) held = undefined
  })
  const read = async (): Promise<readonly Held[]> => {
    const limit = Number.MAX_SAFE_INTEGER
    const { items } = await listAccepted(state, EVENT_SOURCES, { limit, accept: () => true })
    return items.map((source) => {
      const { eventPattern, organisationId } = source
      const pattern = eventPattern === undefined ? undefined : EventPattern.parse(eventPattern)
      const wants = (eventJson: string) => pattern?.matches(eventJson) ?? true
      return { organisationId, bus: busOf(source), wants }
    })
  }
  return async (organisationId: string): Promise<readonly ActiveEventSource[]> => {
    held ??= read()
    const reading = held
    const sources = await reading.catch((error: unknown) => {
      if (held === reading) held = undefined
      throw error
    })
    const active: Held[] = []
    for (const source of sources) {
      const isOurs = source.organisationId === organisationId
      if (isOurs && (await busExists(busArn(source.bus)))) active.push(source)
    }
    return active
  }
}

function busOf({ awsAccountId, region, name }: StoredEventSource): BusAddress {
  return { account: awsAccountId, region, name }
}

function keyOf({ account, region, name }: BusAddress): string {
  return [account, region, name].join('|')
}

function happening({ organisationId, name, awsAccountId, region }: StoredEventSource) {
  const fields = { eventSourceName: name, awsAccountId, region }
  return { organisationId, aws: { accountId: awsAccountId, region }, fields }
}

async function accountOf(
  transaction: StateTransaction,
  caller: Principal,
  awsAccountId: AccountId,
): Promise<Account> {
  const id = await transaction.get(AWS_ACCOUNTS, awsAccountId)
  const account = id === undefined ? undefined : await transaction.get(ACCOUNTS, id)
  const isSeen =
    account !== undefined &&
    reaches(caller, account.organisationId) &&
    reachesAccount(caller, awsAccountId)
  if (isSeen) return account
  throw new RestError(404, 'account.not-found', `AWS account "${awsAccountId}" is not managed here`)
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<{ readonly key: string; readonly stored: StoredEventSource }> {
  const key = await from.get(EVENT_SOURCE_IDS, id)
  const stored = key === undefined ? undefined : await from.get(EVENT_SOURCES, key)
  if (key !== undefined && stored !== undefined && isVisible(caller, stored)) return { key, stored }
  throw new RestError(404, 'event-source.not-found', `there is no event source "${id}"`)
}

function isVisible(caller: Principal, { organisationId, awsAccountId }: StoredEventSource) {
  return reaches(caller, organisationId) && reachesAccount(caller, awsAccountId)
}

function checkPattern(text: string | undefined): void {
  if (text === undefined) return
  try {
    EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new RestError(
      400,
      'event-source.invalid-pattern',
      `the event pattern is not valid: ${error.message}`,
    )
  }
}

function defaultIsTaken(): RestError {
  return new RestError(
    409,
    'event-source.default-reserved',
    `"${DEFAULT_EVENT_SOURCE}" is the name of the event source that the hub keeps in the logging account: choose another`,
  )
}
