import type { Place } from '#src/buses/event-buses.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { ApiDestination, Connection, Credentials } from '#src/model/connection.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Vault } from '#src/tenancy/vault.ts'

export interface StoredConnection extends Connection {
  /** The credentials, absent where it has none any more. */
  readonly sealed?: string
  /** Counts what the credentials were, so that nothing that came of others is used. */
  readonly version: number
}

/** How many there are of each in an account and region, which is what makes quotas exact. */
interface Counts {
  readonly connections: number
  readonly apiDestinations: number
}

export const CONNECTIONS = collection<StoredConnection>('connections')
export const API_DESTINATIONS = collection<ApiDestination>('api-destinations')
export const COUNTS = collection<Counts>('connection-counts')

/** No name of AWS's holds this character, so keys cannot run into each other. */
const SEPARATOR = '|'

export function addressKey({ account, region, name }: BusAddress): string {
  return [account, region, name].join(SEPARATOR)
}

export function placePrefix({ account, region }: Place, namePrefix = ''): string {
  return addressKey({ account, region, name: namePrefix })
}

export function accountPrefix(account: string): string {
  return account + SEPARATOR
}

/** Counts one more, or one less; answers how many there are then. */
export async function count(
  transaction: StateTransaction,
  { account, region }: Place,
  what: keyof Counts,
  change: 1 | -1,
): Promise<number> {
  const key = [account, region].join(SEPARATOR)
  const before = (await transaction.get(COUNTS, key)) ?? { connections: 0, apiDestinations: 0 }
  const now = before[what] + change
  transaction.put(COUNTS, key, { ...before, [what]: now })
  return now
}

export function sealed(vault: Vault, arn: string, credentials: Credentials): string {
  return vault.seal(['connection', arn], JSON.stringify(credentials))
}

/** The credentials of a connection, or undefined where it has none any more. */
export function opened(vault: Vault, connection: StoredConnection): Credentials | undefined {
  if (connection.sealed === undefined) return undefined
  const text = vault.open(['connection', connection.arn], connection.sealed)
  if (text !== undefined) return JSON.parse(text) as Credentials
  throw new Error(
    `the credentials of connection "${connection.arn}" were sealed with another master key: give them again`,
  )
}
