import { limitExceeded } from '#src/buses/event-buses.ts'
import type { PageRequest, Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { connectionArn, parseConnectionArn } from '#src/model/connection.ts'
import type {
  AuthorizationType,
  Connection,
  ConnectionState,
  Credentials,
} from '#src/model/connection.ts'
import { withoutSecrets } from '#src/model/credentials.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { changedCredentials } from './credentials-change.ts'
import type { CredentialsChange } from './credentials-change.ts'
import { CONNECTIONS, addressKey, count, opened, placePrefix, sealed } from './documents.ts'
import type { StoredConnection } from './documents.ts'

export interface ConnectionPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly quotas: Quotas
  readonly vault: Vault
}

/** What a call sets; what it leaves out stays as it is. */
export interface ConnectionChange extends CredentialsChange {
  readonly description?: string
}

export interface NewConnection extends ConnectionChange {
  readonly authorizationType: AuthorizationType
}

export interface Connections {
  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException, ValidationException */
  create(address: BusAddress, given: NewConnection): Promise<Connection>
  /** @throws AwsError ResourceNotFoundException, as all others do */
  describe(address: BusAddress): Promise<Connection>
  /** @throws AwsError ValidationException */
  update(address: BusAddress, change: ConnectionChange): Promise<Connection>
  /** Drops the credentials for good. */
  deauthorize(address: BusAddress): Promise<Connection>
  /** Answers what it was. */
  remove(address: BusAddress): Promise<Connection>
  list(
    place: Place,
    page: PageRequest & { readonly state?: string | undefined },
  ): Promise<Page<Connection>>
}

export function createConnections(ports: ConnectionPorts): Connections {
  const { state, clock, ids, vault, quotas } = ports
  const change = (
    address: BusAddress,
    edit: (before: StoredConnection) => StoredConnection,
  ): Promise<Connection> =>
    state.transact(async (transaction) => {
      const connection = edit(await existingConnection(transaction, address))
      transaction.put(CONNECTIONS, addressKey(address), connection)
      return connection
    })

  return {
    create: async (address, given) => {
      const id = ids.uuid()
      const arn = connectionArn('connection', address, id)
      const { description, authorizationType } = given
      const now = clock.now()
      const fresh = {
        ...address,
        arn,
        secretArn: secretArn(address, `${id}-${ids.secret(SECRET_SUFFIX_CHARACTERS)}`),
        authorizationType,
        createdAt: now,
        modifiedAt: now,
        state: 'DEAUTHORIZED' as const,
        version: 0,
        ...(description !== undefined && { description }),
      }
      const credentials = changedCredentials(authorizationType, undefined, given)
      const connection = withCredentials(vault, fresh, credentials)
      return state.transact(async (transaction) => {
        if (await transaction.get(CONNECTIONS, addressKey(address))) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Connection ${address.name} already exists.`,
          )
        }
        const made = await count(transaction, address, 'connections', 1)
        if (made > quotas.connections) throw limitExceeded()
        transaction.put(CONNECTIONS, addressKey(address), connection)
        return connection
      })
    },
    describe: (address) => existingConnection(state, address),
    update: async (address, given) =>
      change(address, (before) => {
        const { description } = given
        const described = { ...before, ...(description !== undefined && { description }) }
        return updated(vault, { ...described, modifiedAt: clock.now() }, given)
      }),
    deauthorize: async (address) =>
      change(address, ({ sealed: _, shown: __, stateReason: ___, ...kept }) => ({
        ...kept,
        state: 'DEAUTHORIZED',
        version: kept.version + 1,
        modifiedAt: clock.now(),
      })),
    remove: async (address) =>
      state.transact(async (transaction) => {
        const connection = await existingConnection(transaction, address)
        await count(transaction, address, 'connections', -1)
        transaction.delete(CONNECTIONS, addressKey(address))
        return connection
      }),
    list: async (place, { namePrefix, after, limit, state: wanted }) => {
      const found = await state.list(CONNECTIONS, {
        prefix: placePrefix(place, namePrefix),
        limit: Number.MAX_SAFE_INTEGER,
        ...(after !== undefined && { after }),
      })
      return pageOf(
        found.filter(({ value }) => wanted === undefined || value.state === wanted),
        limit,
      )
    },
  }
}

function updated(
  vault: Vault,
  before: StoredConnection,
  given: ConnectionChange,
): StoredConnection {
  const { authorizationType: type = before.authorizationType, authorizations } = given
  const isChange = type !== before.authorizationType || authorizations.length > 0
  if (!isChange && given.parameters === undefined) return reauthorized(before)
  return withCredentials(vault, before, changedCredentials(type, opened(vault, before), given))
}

/** The connection with other credentials. */
function withCredentials(
  vault: Vault,
  before: StoredConnection,
  credentials: Credentials,
): StoredConnection {
  const { stateReason: _, ...kept } = before
  return authorizing({
    ...kept,
    authorizationType: credentials.authorization.type,
    shown: withoutSecrets(credentials),
    sealed: sealed(vault, before.arn, credentials),
    version: before.version + 1,
  })
}

/** An update asks once more for what was refused before, as on AWS. */
function reauthorized(before: StoredConnection): StoredConnection {
  if (before.state !== 'DEAUTHORIZED' || before.sealed === undefined) return before
  const { stateReason: _, ...kept } = before
  return authorizing({ ...kept, version: before.version + 1 })
}

function authorizing(connection: StoredConnection): StoredConnection {
  if (connection.authorizationType === 'OAUTH_CLIENT_CREDENTIALS') {
    return { ...connection, state: 'AUTHORIZING' }
  }
  return { ...connection, state: 'AUTHORIZED', authorizedAt: connection.modifiedAt }
}

const SECRET_SUFFIX_CHARACTERS = 6

function secretArn({ account, region, name }: BusAddress, id: string): string {
  return `arn:aws:secretsmanager:${region}:${account}:secret:events!connection/${name}/${id}`
}

/** @throws AwsError ResourceNotFoundException */
export async function existingConnection(
  from: Pick<State | StateTransaction, 'get'>,
  address: BusAddress,
): Promise<StoredConnection> {
  const connection = await from.get(CONNECTIONS, addressKey(address))
  if (connection !== undefined) return connection
  throw new AwsError(
    'ResourceNotFoundException',
    `Failed to describe the connection(s). Connection '${address.name}' does not exist.`,
  )
}

/** The connection that an ARN names; one that was made again under the same name is another. */
export async function connectionOfArn(
  from: Pick<State | StateTransaction, 'get'>,
  arn: string,
): Promise<StoredConnection | undefined> {
  const address = parseConnectionArn('connection', arn)
  if (address === undefined) return undefined
  const connection = await from.get(CONNECTIONS, addressKey(address))
  return connection?.arn === arn ? connection : undefined
}

export function isAuthorized(connection: { readonly state: ConnectionState } | undefined): boolean {
  return connection?.state === 'AUTHORIZED'
}
