import { limitExceeded } from '#src/buses/event-buses.ts'
import type { PageRequest, Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { connectionArn, parseConnectionArn } from '#src/model/connection.ts'
import type { ApiDestination, HttpMethod } from '#src/model/connection.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { connectionOfArn, existingConnection, isAuthorized } from './connections.ts'
import { API_DESTINATIONS, addressKey, count, placePrefix } from './documents.ts'

export interface ApiDestinationPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly quotas: Quotas
  /** Why requests may not go to a URL, or undefined. */
  readonly endpointRefusal: (url: string) => string | undefined
}

/** What a call sets; what it leaves out stays as it is. */
export interface ApiDestinationChange {
  readonly description?: string
  readonly connectionArn?: string
  readonly endpoint?: string
  readonly method?: HttpMethod
  readonly ratePerSecond?: number
}

export type NewApiDestination = ApiDestinationChange &
  Pick<ApiDestination, 'connectionArn' | 'endpoint' | 'method'>

/** An API destination, and whether its connection is authorised, without which it is not asked. */
export type ShownApiDestination = ApiDestination & { readonly isActive: boolean }

export interface ApiDestinations {
  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException, ValidationException */
  create(address: BusAddress, given: NewApiDestination): Promise<ShownApiDestination>
  /** @throws AwsError ResourceNotFoundException, as all others do */
  describe(address: BusAddress): Promise<ShownApiDestination>
  update(address: BusAddress, change: ApiDestinationChange): Promise<ShownApiDestination>
  remove(address: BusAddress): Promise<void>
  list(
    place: Place,
    page: PageRequest & { readonly connectionArn?: string | undefined },
  ): Promise<Page<ShownApiDestination>>
}

/** EventBridge's default. */
const RATE_PER_SECOND_DEFAULT = 300

export function createApiDestinations(ports: ApiDestinationPorts): ApiDestinations {
  const { state, clock, ids, quotas, endpointRefusal } = ports

  const shown = async (
    from: Pick<State | StateTransaction, 'get'>,
    destination: ApiDestination,
  ): Promise<ShownApiDestination> => ({
    ...destination,
    isActive: isAuthorized(await connectionOfArn(from, destination.connectionArn)),
  })

  return {
    create: async (address, given) => {
      checkEndpoint(endpointRefusal, given.endpoint)
      const destination: ApiDestination = {
        ...address,
        arn: connectionArn('api-destination', address, ids.uuid()),
        ratePerSecond: RATE_PER_SECOND_DEFAULT,
        createdAt: clock.now(),
        modifiedAt: clock.now(),
        ...given,
      }
      return state.transact(async (transaction) => {
        if (await transaction.get(API_DESTINATIONS, addressKey(address))) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `An api-destination '${address.name}' already exists.`,
          )
        }
        await checkConnection(transaction, address, given.connectionArn)
        const made = await count(transaction, address, 'apiDestinations', 1)
        if (made > quotas['api-destinations']) throw limitExceeded()
        transaction.put(API_DESTINATIONS, addressKey(address), destination)
        return shown(transaction, destination)
      })
    },
    describe: async (address) => shown(state, await existingDestination(state, address)),
    update: async (address, change) => {
      checkEndpoint(endpointRefusal, change.endpoint)
      return state.transact(async (transaction) => {
        const before = await existingDestination(transaction, address)
        await checkConnection(transaction, address, change.connectionArn)
        const destination = { ...before, ...change, modifiedAt: clock.now() }
        transaction.put(API_DESTINATIONS, addressKey(address), destination)
        return shown(transaction, destination)
      })
    },
    remove: async (address) => {
      await state.transact(async (transaction) => {
        await existingDestination(transaction, address)
        await count(transaction, address, 'apiDestinations', -1)
        transaction.delete(API_DESTINATIONS, addressKey(address))
      })
    },
    list: async (place, { namePrefix, after, limit, connectionArn: wanted }) => {
      const found = await state.list(API_DESTINATIONS, {
        prefix: placePrefix(place, namePrefix),
        limit: Number.MAX_SAFE_INTEGER,
        ...(after !== undefined && { after }),
      })
      const page = pageOf(
        found.filter(({ value }) => wanted === undefined || value.connectionArn === wanted),
        limit,
      )
      return { ...page, items: await Promise.all(page.items.map((one) => shown(state, one))) }
    },
  }
}

/** The API destination that an ARN names; one made again under the same name is another. */
export async function apiDestinationOfArn(
  state: State,
  arn: string,
): Promise<ApiDestination | undefined> {
  const address = parseConnectionArn('api-destination', arn)
  if (address === undefined) return undefined
  const destination = await state.get(API_DESTINATIONS, addressKey(address))
  return destination?.arn === arn ? destination : undefined
}

async function existingDestination(
  from: Pick<State | StateTransaction, 'get'>,
  address: BusAddress,
): Promise<ApiDestination> {
  const destination = await from.get(API_DESTINATIONS, addressKey(address))
  if (destination !== undefined) return destination
  throw new AwsError(
    'ResourceNotFoundException',
    `Failed to describe the api-destination(s). An api-destination '${address.name}' does not exist.`,
  )
}

function checkEndpoint(
  endpointRefusal: ApiDestinationPorts['endpointRefusal'],
  endpoint: string | undefined,
): void {
  if (endpoint === undefined) return
  const [beforePath = ''] = /^[^:]*:\/*[^/?]*/.exec(endpoint) ?? []
  const reason = beforePath.includes('*')
    ? 'a * stands for a path parameter, and only in the path.'
    : endpointRefusal(endpoint)
  if (reason === undefined) return
  throw new AwsError(
    'ValidationException',
    `Parameter InvocationEndpoint is not valid. Reason: ${reason}`,
  )
}

async function checkConnection(
  transaction: StateTransaction,
  { account, region }: Place,
  arn: string | undefined,
): Promise<void> {
  if (arn === undefined) return
  const named = parseConnectionArn('connection', arn)
  if (named?.account !== account || named.region !== region) {
    throw new AwsError(
      'ValidationException',
      `Parameter ConnectionArn is not valid. Reason: the connection must be one of account ${account} in ${region}.`,
    )
  }
  if ((await existingConnection(transaction, named)).arn === arn) return
  throw new AwsError(
    'ResourceNotFoundException',
    `Failed to describe the connection(s). Connection '${named.name}' does not exist.`,
  )
}
