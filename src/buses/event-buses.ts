import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { LogConfig } from '#src/model/bus-log.ts'
import type { EventBus } from '#src/model/event-bus.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  BUSES,
  BUS_LOGS,
  RESOURCE_TAGS,
  busKey,
  busesOfRegionPrefix,
  defaultBusKey,
} from './documents.ts'
import type { StoredBus, Tags } from './documents.ts'

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
  readonly tags?: Tags
  readonly log?: LogConfig | undefined
}

/** What is as it was where nothing is given. */
export interface BusChanges {
  /** Empty: none from now on. */
  readonly description?: string | undefined
  readonly log?: LogConfig | undefined
}

/** An event bus and how it logs, if it was ever told. */
export interface DescribedBus extends EventBus {
  readonly log?: LogConfig
}

export interface EventBusPorts {
  readonly state: State
  readonly clock: Clock
  readonly quotas: Quotas
  readonly partnerBuses: PartnerBuses
}

/** What partner event sources know of the buses that are made for them. */
export interface PartnerBuses {
  /**
   * Notes that the source of this name has its bus.
   * @throws AwsError ResourceNotFoundException, InvalidStateException
   */
  made(transaction: StateTransaction, bus: BusAddress): Promise<void>
  /**
   * Notes that it has it no longer.
   * @throws AwsError ValidationException for a bus that must stay
   */
  deleted(transaction: StateTransaction, bus: BusAddress): Promise<void>
}

export interface EventBuses {
  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException, ValidationException */
  create(place: Place, given: NewEventBus): Promise<DescribedBus>
  /** @throws AwsError ResourceNotFoundException */
  describe(address: BusAddress): Promise<DescribedBus>
  /** @throws AwsError ResourceNotFoundException */
  update(address: BusAddress, changes: BusChanges): Promise<DescribedBus>
  /** A bus that does not exist is no error, as on AWS. */
  remove(address: BusAddress): Promise<void>
  list(place: Place, page: PageRequest): Promise<Page<EventBus>>
}

export function createEventBuses(ports: EventBusPorts): EventBuses {
  const { state, clock, quotas, partnerBuses } = ports
  return {
    create: async ({ account, region }, { name, description, eventSourceName, ...given }) => {
      const { tags = {}, log } = given
      checkName(name, eventSourceName)
      const address = { account, region, name }
      return state.transact(async (transaction) => {
        if (name === DEFAULT_BUS || (await transaction.get(BUSES, busKey(address)))) {
          throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`)
        }
        const anchor = await existingBus(transaction, { account, region, name: DEFAULT_BUS })
        const busCount = (anchor.busCount ?? 1) + 1
        const tagCount = Object.keys(tags).length
        if (busCount > quotas['event-buses'] || tagCount > quotas.tags) throw limitExceeded()
        if (eventSourceName !== undefined) await partnerBuses.made(transaction, address)
        const now = clock.now()
        const bus: EventBus = {
          ...address,
          ...(description !== undefined && { description }),
          ...(eventSourceName !== undefined && { eventSourceName }),
          ruleCount: 0,
          createdAt: now,
          modifiedAt: now,
        }
        transaction.put(BUSES, busKey(anchor), { ...anchor, busCount })
        transaction.put(BUSES, busKey(address), bus)
        if (tagCount > 0) transaction.put(RESOURCE_TAGS, busArn(address), tags)
        if (log !== undefined) transaction.put(BUS_LOGS, busKey(address), log)
        return withLog(bus, log)
      })
    },
    update: async (address, { description, log }) =>
      state.transact(async (transaction) => {
        const stored = await existingBus(transaction, address)
        const { description: before, ...others } = stored
        const after = description ?? before
        const bus = {
          ...others,
          ...(after !== undefined && after !== '' && { description: after }),
          modifiedAt: clock.now(),
        }
        transaction.put(BUSES, busKey(address), bus)
        if (log !== undefined) transaction.put(BUS_LOGS, busKey(address), log)
        return withLog(bus, log ?? (await transaction.get(BUS_LOGS, busKey(address))))
      }),
    describe: async (address) =>
      withLog(await existingBus(state, address), await state.get(BUS_LOGS, busKey(address))),
    remove: async (address) => {
      if (address.name === DEFAULT_BUS) {
        throw new AwsError('ValidationException', 'Cannot delete event bus default.')
      }
      await state.transact(async (transaction) => {
        const bus = await transaction.get(BUSES, busKey(address))
        if (bus === undefined) return
        if (bus.ruleCount > 0) {
          throw new AwsError('ValidationException', "EventBus can't be deleted since it has rules.")
        }
        if (bus.eventSourceName !== undefined) await partnerBuses.deleted(transaction, address)
        const anchorKey = defaultBusKey(address.account, address.region)
        const anchor = await transaction.get(BUSES, anchorKey)
        if (anchor !== undefined) {
          transaction.put(BUSES, anchorKey, { ...anchor, busCount: (anchor.busCount ?? 2) - 1 })
        }
        transaction.delete(BUSES, busKey(address))
        transaction.delete(BUS_LOGS, busKey(address))
        transaction.delete(RESOURCE_TAGS, busArn(address))
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

function withLog(bus: EventBus, log: LogConfig | undefined): DescribedBus {
  return log === undefined ? bus : { ...bus, log }
}

/**
 * A partner event bus, and no other, has a "/" in its name, or begins with "aws."; it is named like
 * its event source.
 * @throws AwsError ValidationException
 */
function checkName(name: string, eventSourceName: string | undefined): void {
  if (eventSourceName === undefined) {
    if (name.startsWith('aws.')) {
      throw new AwsError('ValidationException', "EventBus name starting with 'aws.' is not valid.")
    }
    if (!name.includes('/')) return
    throw new AwsError(
      'ValidationException',
      `Event bus name ${name} is not valid: only a partner event bus, which is made with EventSourceName, has a "/" in its name.`,
    )
  }
  if (eventSourceName === name) return
  throw new AwsError(
    'ValidationException',
    `Event bus name ${name} is not valid: a partner event bus has the name of its event source, ${eventSourceName}.`,
  )
}

/** @throws AwsError ResourceNotFoundException */
export async function existingBus(
  state: Pick<StateTransaction, 'get'>,
  address: BusAddress,
): Promise<StoredBus> {
  const bus = await state.get(BUSES, busKey(address))
  if (bus !== undefined) return bus
  throw new AwsError('ResourceNotFoundException', `Event bus ${address.name} does not exist.`)
}

export function limitExceeded(): AwsError {
  return new AwsError(
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  )
}
