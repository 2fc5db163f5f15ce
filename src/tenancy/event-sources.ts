import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { RestError } from '#src/errors.ts'
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
import type { State, StateTransaction } from '#src/ports/state.ts'
import { listAccepted, listAll } from './documents.ts'
import {
  EVENT_SOURCES,
  EVENT_SOURCE_IDS,
  busOf,
  happeningTo,
  isActive,
  isOwn,
  keepSource,
  removeSource,
  sourceKey,
} from './event-source-documents.ts'
import type { BusExists, StoredEventSource } from './event-source-documents.ts'
import { managedAccountOf } from './managed-accounts.ts'
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

export interface EventSourceChange {
  /** null: all events. */
  readonly eventPattern: string | null
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
  update(caller: Principal, id: string, change: EventSourceChange): Promise<EventSource>
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
  readonly busExists: BusExists
}

export function createEventSources(ports: EventSourcePorts): EventSources {
  const { state, busExists } = ports
  const activeOf = createActiveSources(state, busExists)

  const shown = async (stored: StoredEventSource): Promise<EventSource> => {
    const active = await isActive(state, busExists, stored)
    return { ...stored, state: active ? 'ACTIVE' : 'PENDING' }
  }

  return {
    ...changing(ports, shown),
    get: async (caller, id) => shown(await found(state, caller, id)),
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
      const prefix = sourceKey({ account, region, name: '' })
      const limit = Number.MAX_SAFE_INTEGER
      const offered = await state.list(EVENT_SOURCES, { prefix, limit })
      const own = await Promise.all(offered.map(async ({ value }) => isOwn(state, value)))
      return offered.filter((_, at) => own[at]).map(({ value }) => value)
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
        const { transaction, now } = step
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
        step.tell('EventSourceCreateEvent', happeningTo(created))
        if ((await transaction.get(EVENT_SOURCES, sourceKey(busOf(created)))) !== undefined) {
          throw new RestError(
            409,
            'event-source.exists',
            `account ${awsAccountId} has an event source "${created.name}" in ${region} already`,
          )
        }
        return keepSource(step, created)
      })
      return shown(stored)
    },
    update: async (caller, id, { eventPattern }) => {
      checkPattern(eventPattern ?? undefined)
      const stored = await actions.perform(caller, async (step) => {
        const before = await found(step.transaction, caller, id)
        step.tell('EventSourceUpdateEvent', happeningTo(before))
        const { eventPattern: _, ...others } = before
        return keepSource(step, {
          ...others,
          ...(eventPattern !== null && { eventPattern }),
          modifiedAt: step.now,
        })
      })
      return shown(stored)
    },
    remove: (caller, id) =>
      actions.perform(caller, async (step) =>
        removeSource(step, await found(step.transaction, caller, id)),
      ),
  }
}

/** The sources of each organisation, in memory until one changes. */
function createActiveSources(state: State, busExists: BusExists) {
  type Held = ActiveEventSource & { readonly source: StoredEventSource }
  let held: Promise<readonly Held[]> | undefined
  state.watch((changes) => {
    if (changes.some(({ collection: changed }) => changed === EVENT_SOURCES.name)) held = undefined
  })
  const read = async (): Promise<readonly Held[]> => {
    return (await listAll(state, EVENT_SOURCES)).map((source) => {
      const { eventPattern } = source
      const pattern = eventPattern === undefined ? undefined : EventPattern.parse(eventPattern)
      const wants = (eventJson: string) => pattern?.matches(eventJson) ?? true
      return { source, bus: busOf(source), wants }
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
    for (const each of sources) {
      const isOurs = each.source.organisationId === organisationId
      if (isOurs && (await isActive(state, busExists, each.source))) active.push(each)
    }
    return active
  }
}

async function accountOf(
  transaction: StateTransaction,
  caller: Principal,
  awsAccountId: AccountId,
): Promise<Account> {
  const account = await managedAccountOf(transaction, awsAccountId)
  if (account !== undefined && reaches(caller, account.organisationId)) return account
  throw new RestError(404, 'account.not-found', `AWS account "${awsAccountId}" is not managed here`)
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<StoredEventSource> {
  const key = await from.get(EVENT_SOURCE_IDS, id)
  const stored = key === undefined ? undefined : await from.get(EVENT_SOURCES, key)
  if (stored !== undefined && isVisible(caller, stored)) return stored
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
