import type { BusAddress } from '#src/model/arn.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { SchemaType } from './schema-document.ts'
import type { ValueShape } from './value-shape.ts'

/**
 * Words of the Schemas API:
 *
 *  registry     a named set of schemas of one account in one region, or one that the hub provides
 *  schema       what events of a kind look like, in versions
 *  discoverer   learns schemas from the events of one bus
 */

export type Tags = Readonly<Record<string, string>>

/** The account and region that registries are in. */
export interface Place {
  readonly account: AccountId
  readonly region: Region
}

export interface Registry {
  readonly name: string
  readonly description?: string
  readonly tags: Tags
  /** Kept here so that the quota is exact. */
  readonly schemaCount: number
  readonly policy?: RegistryPolicy
}

export interface RegistryPolicy {
  /** JSON text. */
  readonly text: string
  readonly revisionId: string
}

export interface Discoverer {
  readonly id: string
  readonly bus: BusAddress
  readonly description?: string
  readonly state: 'STARTED' | 'STOPPED'
  /** Whether it learns from events of other accounts, too. */
  readonly crossAccount: boolean
  readonly tags: Tags
}

/** What an account has in a region: one document, because its quotas are small and exact. */
export interface PlaceDocument {
  /** By name, in order. */
  readonly registries: Readonly<Record<string, Registry>>
  /** By id, in order. */
  readonly discoverers: Readonly<Record<string, Discoverer>>
}

export interface SchemaVersion {
  readonly version: number
  readonly type: SchemaType
  /** Epoch ms. */
  readonly createdAt: number
}

export interface Schema {
  readonly name: string
  readonly description?: string
  readonly tags: Tags
  /** Epoch ms. */
  readonly modifiedAt: number
  /** Oldest first, never none; their contents are documents of their own. */
  readonly versions: readonly SchemaVersion[]
  /** Counts on when versions are deleted. */
  readonly newestVersion: number
  /** Of the last update, which is not done twice. */
  readonly clientToken?: string
}

/** Where a schema stands. */
export interface SchemaAddress extends Place {
  readonly registry: string
  readonly schema: string
}

/** The registry that discoverers fill: every account has it in every region. */
export const DISCOVERED_SCHEMAS = 'discovered-schemas'

export const PLACES = collection<PlaceDocument>('schema-registries')
export const SCHEMAS = collection<Schema>('schemas')
export const CONTENTS = collection<string>('schema-contents')
/** What has been seen of the events of a discovered schema. */
export const SHAPES = collection<ValueShape>('discovered-shapes')

const SEPARATOR = '|'

/** What the keys of all documents of an account begin with. */
export function ofAccountPrefix(account: AccountId): string {
  return account + SEPARATOR
}

function placeKey({ account, region }: Place): string {
  return [account, region].join(SEPARATOR)
}

export function schemaKey({ account, region, registry, schema }: SchemaAddress): string {
  return [account, region, registry, schema].join(SEPARATOR)
}

export function contentKey(address: SchemaAddress, version: number): string {
  return [schemaKey(address), version].join(SEPARATOR)
}

const NOTHING_YET: PlaceDocument = {
  registries: {
    [DISCOVERED_SCHEMAS]: {
      name: DISCOVERED_SCHEMAS,
      description: 'Schemas that discoverers have learned from events',
      tags: {},
      schemaCount: 0,
    },
  },
  discoverers: {},
}

/** What an account has in a region. */
export async function placeOf(
  from: Pick<StateTransaction, 'get'>,
  place: Place,
): Promise<PlaceDocument> {
  return (await from.get(PLACES, placeKey(place))) ?? NOTHING_YET
}

export function putPlace(
  transaction: StateTransaction,
  place: Place,
  document: PlaceDocument,
): void {
  transaction.put(PLACES, placeKey(place), document)
}

/** The values with one of them put, or with none for `undefined`; names stay in order. */
export function withOne<T>(
  values: Readonly<Record<string, T>>,
  name: string,
  value: T | undefined,
): Readonly<Record<string, T>> {
  const others = Object.entries(values).filter(([other]) => other !== name)
  const all = value === undefined ? others : [...others, [name, value] as const]
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
