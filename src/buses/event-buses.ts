import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS, busArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { EventBus } from '#src/model/event-bus.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, busKey, busesOfRegionPrefix, defaultBusKey } from './documents.ts'

/** The account and region that a call acts in. */
export interface Place {
  readonly account: AccountId
  readonly region: Region
}

export interface PageRequest {
  readonly namePrefix?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface NewEventBus {
  readonly name: string
  readonly description?: string | undefined
  /** Makes a partner event bus: the source's name, which is also the bus's. */
  readonly eventSourceName?: string | undefined
}

export interface EventBusPorts {
  readonly state: State
  readonly clock: Clock
  /** Whether an account is offered a partner event source. */
  readonly isOffered: (bus: BusAddress) => Promise<boolean>
}

export interface EventBuses {
  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException, ValidationException */
  create(place: Place, given: NewEventBus): Promise<EventBus>
  /** @throws AwsError ResourceNotFoundException */
  describe(address: BusAddress): Promise<EventBus>
  /** A bus that does not exist is no error, as on AWS. */
  remove(address: BusAddress): Promise<void>
  list(place: Place, page: PageRequest): Promise<Page<EventBus>>
}

/** AWS's default quota. */
const BUSES_PER_REGION_MAX = 100

export function createEventBuses({ state, clock, isOffered }: EventBusPorts): EventBuses {
  return {
    create: async (place, { name, description, eventSourceName }) => {
      await checkSource(isOffered, { ...place, name }, eventSourceName)
      return state.transact(async (transaction) => {
        const address = { ...place, name }
        if (name === DEFAULT_BUS || (await transaction.get(BUSES, busKey(address)))) {
          throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`)
        }
        const anchorKey = defaultBusKey(place.account, place.region)
        const anchor = await transaction.get(BUSES, anchorKey)
        if (anchor === undefined) throw noSuchBus(DEFAULT_BUS)
        const busCount = (anchor.busCount ?? 1) + 1
        if (busCount > BUSES_PER_REGION_MAX) throw limitExceeded()
        const now = clock.now()
        const bus: EventBus = {
          ...address,
          ...(description !== undefined && { description }),
          ...(eventSourceName !== undefined && { eventSourceName }),
          ruleCount: 0,
          createdAt: now,
          modifiedAt: now,
        }
        transaction.put(BUSES, anchorKey, { ...anchor, busCount })
        transaction.put(BUSES, busKey(address), bus)
        return bus
      })
    },
    describe: async (address) => {
      const bus = await state.get(BUSES, busKey(address))
      if (bus === undefined) throw noSuchBus(address.name)
      return bus
    },
    remove: async (address) => {
      if (address.name === DEFAULT_BUS) {
        throw new AwsError('ValidationException', 'Cannot delete event bus default.')
      }
      await state.transact(async (transaction) => {
        const bus = await transaction.get(BUSES, busKey(address))
        if (bus === undefined) return
        if (bus.eventSourceName?.endsWith(`/${DEFAULT_BUS}`)) {
          throw new AwsError(
            'ValidationException',
            `Event bus ${bus.name} belongs to the tenancy's own partner event source and cannot be deleted.`,
          )
        }
        if (bus.ruleCount > 0) {
          throw new AwsError(
            'ValidationException',
            `Event bus ${bus.name} can't be deleted since it has rules.`,
          )
        }
        const anchorKey = defaultBusKey(address.account, address.region)
        const anchor = await transaction.get(BUSES, anchorKey)
        if (anchor !== undefined) {
          transaction.put(BUSES, anchorKey, { ...anchor, busCount: (anchor.busCount ?? 2) - 1 })
        }
        transaction.delete(BUSES, busKey(address))
      })
    },
    list: async (place, { namePrefix = '', after, limit }) => {
      const found = await state.list(BUSES, {
        prefix: busesOfRegionPrefix(place.account, place.region, namePrefix),
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      return pageOf(found, limit)
    },
  }
}

/**
 * A partner event bus, and no other, has a "/" in its name; it is named like its event source.
 * @throws AwsError ValidationException, ResourceNotFoundException
 */
async function checkSource(
  isOffered: EventBusPorts['isOffered'],
  bus: BusAddress,
  eventSourceName: string | undefined,
): Promise<void> {
  const { name } = bus
  if (eventSourceName === undefined) {
    if (!name.includes('/')) return
    throw new AwsError(
      'ValidationException',
      `Event bus name ${name} is not valid: only a partner event bus, which is made with EventSourceName, has a "/" in its name.`,
    )
  }
  if (eventSourceName !== name) {
    throw new AwsError(
      'ValidationException',
      `Event bus name ${name} is not valid: a partner event bus has the name of its event source, ${eventSourceName}.`,
    )
  }
  if (await isOffered(bus)) return
  throw new AwsError('ResourceNotFoundException', `Event source ${eventSourceName} does not exist.`)
}

/**
 * The bus that a parameter EventBusName means to a caller.
 * @throws AwsError AccessDeniedException for a bus of another account, ValidationException for
 * one of another region.
 */
export function addressOf(place: Place, nameOrArn: string = DEFAULT_BUS): BusAddress {
  if (!nameOrArn.startsWith('arn:')) return { ...place, name: nameOrArn }
  const address = parseBusArn(nameOrArn)
  if (address === undefined || address.region !== place.region) {
    throw new AwsError(
      'ValidationException',
      'Parameter EventBusName is not valid. Reason: the ARN must name an event bus of this region.',
    )
  }
  if (address.account !== place.account) {
    throw new AwsError(
      'AccessDeniedException',
      `Account ${place.account} is not authorized for the event bus ${busArn(address)} because no resource-based policy allows it.`,
    )
  }
  return address
}

export function noSuchBus(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`)
}

export function limitExceeded(): AwsError {
  return new AwsError(
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  )
}
