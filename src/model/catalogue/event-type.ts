import { Type } from 'typebox'
import type { TObject, TProperties, TSchema } from 'typebox'

import type { Permission } from '#src/model/principal.ts'

/**
 * How well an event type is known: `published` and `partly-published` are the reference system's
 * own, whole or in part; `ours` is our choice where nothing is published, and may be corrected.
 */
export type Provenance = 'published' | 'partly-published' | 'ours'

/** What makes an event happen: a call and the permission that it needs, or something else in words. */
export interface Cause {
  readonly action: string
  readonly permission?: Permission
}

/** One type of tenancy event. */
export interface EventType {
  readonly name: string
  /** The category: `detail-type` is `<category>: <name>`. */
  readonly category: string
  /** The publishing component: `auth` in `stax.auth`. */
  readonly component: string
  /** Counts up when a field changes its meaning or goes; new fields do not count. */
  readonly version: string
  readonly provenance: Provenance
  readonly summary: string
  readonly causes: readonly Cause[]
  /** The event's own fields in `detail`, beside those that all events have. */
  readonly fields: TObject
  /** Values of these fields in one event, with the names behind its IDs. */
  readonly example: Readonly<Record<string, unknown>>
}

/** What the directory knows things by. */
export type IdKind =
  | 'account'
  | 'aws-account'
  | 'account-type'
  | 'api-token'
  | 'group'
  | 'organisational-unit'
  | 'user'

/** On the schema of an ID: what it names, and the attributes that enrichment sets beside it. */
export interface IdMeaning {
  readonly kind: IdKind
  /** By the name of the field in the event, that of the directory's attribute. */
  readonly gains: Readonly<Record<string, string>>
}

/** JSON Schema keyword that holds the IdMeaning. */
export const ID_KEYWORD = 'x-id-of'
/** JSON Schema keyword on an attribute that enrichment sets: the field that holds its ID. */
export const GAINED_KEYWORD = 'x-gained-from'

/** How an action ended. */
export const outcome = {
  status: Type.Enum(['SUCCESS', 'FAILED']),
  errorCode: Type.Optional(Type.String({ description: 'Why it failed, for programs' })),
  message: Type.Optional(Type.String({ description: 'Why it failed, for people' })),
}

export const Uuid = Type.String({ format: 'uuid' })
export const AwsId = Type.String({
  pattern: '^[0-9]{12}$',
  title: 'an AWS account id of 12 digits',
  examples: ['111122223333'],
})
/** Of a secret that is rotated. */
export const PreviousUntil = Type.Optional(
  Type.String({ format: 'date-time', description: 'Until then the old one signs too' }),
)

/** An ID field together with the attributes that it gains. */
export function id(
  field: string,
  kind: IdKind,
  gains: Readonly<Record<string, string>>,
  given: {
    readonly optional?: true
    readonly schema?: TSchema
    readonly required?: readonly string[]
  } = {},
): TProperties {
  const { optional, schema = Uuid, required = [] } = given
  const meaning: IdMeaning = { kind, gains }
  const idSchema = Type.Unsafe({ ...schema, [ID_KEYWORD]: meaning })
  const attributes = Object.keys(gains).map((name) => {
    const attribute = Type.String({ [GAINED_KEYWORD]: field })
    return [name, required.includes(name) ? attribute : Type.Optional(attribute)] as const
  })
  return {
    [field]: optional ? Type.Optional(idSchema) : idSchema,
    ...Object.fromEntries(attributes),
  }
}

const ACCOUNT_GAINS = {
  awsAccountId: 'awsAccountId',
  accountName: 'name',
  accountType: 'accountType',
}
export const USER_GAINS = {
  username: 'email',
  email: 'email',
  role: 'role',
  firstName: 'firstName',
  lastName: 'lastName',
}
export const TOKEN_GAINS = { tokenName: 'name', role: 'role' }
export const GROUP_GAINS = { groupName: 'name' }
export const OU_GAINS = { organisationalUnitName: 'name' }

export const account = () => id('accountId', 'account', ACCOUNT_GAINS)
export const user = () => id('userID', 'user', USER_GAINS)
export const apiToken = () => id('accessKeyId', 'api-token', TOKEN_GAINS)
export const group = () => id('groupId', 'group', GROUP_GAINS)

/** A list of event types of one category. */
export function category(
  name: string,
  component: string,
  types: readonly (Omit<EventType, 'category' | 'component' | 'version'> & {
    readonly version?: string
  })[],
): readonly EventType[] {
  return types.map((type) => ({ version: '1', ...type, category: name, component }))
}
