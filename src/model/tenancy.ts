/**
 * Words of the tenancy.
 *
 *  customer             who owns organisations
 *  organisation         one tenancy: its accounts, users and API tokens
 *  installation region  the region in which the tenancy's own events are delivered
 *  account              an AWS account under management; three foundation accounts per organisation
 *  account type         what kind of account one is; its name is what accounts refer to
 *  organisational unit  a folder of accounts; units are a tree, as in AWS Organizations
 *  group                users under one name
 *  user                 a person who signs in
 *  API token            a program's access key, not tied to a user
 *  ingest key           the API key with which AWS sends events in
 *  webhook secret       what signs the requests of an account to a URL, and all below its path
 *
 * Statuses and role names are the reference system's published ones.
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'

export const Id = Type.String({ format: 'uuid' })
export const Instant = Type.Number({ description: 'Epoch milliseconds' })
/** One line of text: names stand in tables, in lines of logs, and in messages. */
const ONE_LINE = '^[^\\p{Cc}\\p{Zl}\\p{Zp}]*$'
export const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: ONE_LINE,
  title: 'one line of text',
})

export const RegionName = Type.String({
  pattern: '^[a-z]{2,}(-[a-z]+)+-[0-9]+$',
  title: 'the name of an AWS region',
  maxLength: 32,
  examples: ['ap-southeast-2'],
})

export const Customer = Type.Object(
  { id: Id, name: Name, status: Type.Enum(['ACTIVE']), createdAt: Instant },
  { $id: 'Customer' },
)
export type Customer = Static<typeof Customer>

/** Lower case; the reference system refuses its own name in an alias and asks for 3 to 32 characters. */
export const Alias = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$',
  title: 'lower case letters, digits and dashes, from 3 to 32',
  examples: ['acme'],
})

export const Organisation = Type.Object(
  {
    id: Id,
    customerId: Id,
    name: Name,
    alias: Alias,
    status: Type.Enum(['ACTIVE']),
    installationRegion: RegionName,
    regions: Type.Array(RegionName, { minItems: 1, maxItems: 64, uniqueItems: true }),
    createdAt: Instant,
  },
  { $id: 'Organisation' },
)
export type Organisation = Static<typeof Organisation>

/**
 * What `aws:PrincipalOrgID` is for the accounts of an organisation: AWS's form of such an id, made
 * of ours, so that it is known before there is any AWS organization and never changes.
 */
export function awsOrganizationId(organisationId: string): string {
  return `o-${organisationId.replaceAll('-', '')}`
}

export const AccountRole = Type.Enum(['MANAGEMENT', 'SECURITY', 'LOGGING', 'MEMBER'])
export type AccountRole = Static<typeof AccountRole>

export const AwsAccountId = Type.String({
  pattern: '^[0-9]{12}$',
  title: 'an AWS account id of 12 digits',
  examples: ['111122223333'],
})
/** The reference system's limit. */
export const AccountName = Type.String({
  minLength: 1,
  maxLength: 50,
  pattern: ONE_LINE,
  title: 'one line of text',
})

/** No spaces: it is a word in events, rules and commands. */
export const AccountTypeName = Type.String({
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$',
  title: 'letters, digits, dots, dashes and underscores, 64 at most',
  examples: ['production'],
})

export const AccountType = Type.Object(
  {
    id: Id,
    organisationId: Id,
    name: AccountTypeName,
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    status: Type.Enum(['ACTIVE', 'DISABLED'], {
      description: 'DISABLED: no further account may take it',
    }),
    builtIn: Type.Boolean(),
    accountCount: Type.Integer({ description: 'Accounts of this type that are not closed' }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'AccountType' },
)
export type AccountType = Static<typeof AccountType>

/** AWS's limit. */
export const OrganisationalUnitName = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: ONE_LINE,
  title: 'one line of text',
})

export const OrganisationalUnit = Type.Object(
  {
    id: Id,
    organisationId: Id,
    name: OrganisationalUnitName,
    /** Absent: directly below the root. */
    parentId: Type.Optional(Id),
    /** Of a unit that is kept in step with AWS Organizations: its id there. */
    awsOrganizationalUnitId: Type.Optional(Type.String()),
    accountCount: Type.Integer({ description: 'Accounts directly in this unit' }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'OrganisationalUnit' },
)
export type OrganisationalUnit = Static<typeof OrganisationalUnit>

/** The reference system's limit. */
const TAGS_MAX = 100

/** AWS's limits of keys and values; keys that start with "aws:" are AWS's own. */
export const GivenTags = Type.Record(
  Type.String({ pattern: '^(?![aA][wW][sS]:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$' }),
  Type.String({
    pattern: '^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$',
    title: 'the value of a tag: letters, digits, spaces and _.:/=+-@, 256 at most',
  }),
  {
    additionalProperties: false,
    maxProperties: TAGS_MAX,
    title: 'letters, digits, spaces and _.:/=+-@, 128 at most, and does not begin with "aws:"',
  },
)
export type Tags = Readonly<Record<string, string>>

export const AccountStatus = Type.Enum(['ACTIVE', 'CLOSED', 'DISCOVERED', 'SUSPENDED'])
export type AccountStatus = Static<typeof AccountStatus>

export const Account = Type.Object(
  {
    id: Id,
    organisationId: Id,
    awsAccountId: AwsAccountId,
    name: AccountName,
    accountRole: AccountRole,
    accountType: Type.String({ description: 'Name of its account type' }),
    organisationalUnitId: Type.Optional(Id),
    tags: Type.Record(Type.String(), Type.String()),
    status: AccountStatus,
    assuranceState: Type.Enum(['NONE', 'UPDATING', 'ACTIVE']),
    closingTaskId: Type.Optional({
      ...Id,
      description: 'The task that closes it: it takes no events any more',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'Account' },
)
export type Account = Static<typeof Account>

export const UserRole = Type.Enum([
  'customer_admin',
  'customer_operations',
  'customer_user',
  'customer_costadmin',
  'customer_readonly',
])
export type UserRole = Static<typeof UserRole>

/** What an e-mail address looks like: what stands on both sides of the @ is its server's own. */
export const EMAIL_PATTERN = '^[^\\s@]+@[^\\s@]+$'
export const Email = Type.String({
  pattern: EMAIL_PATTERN,
  title: 'an e-mail address',
  examples: ['ana@example.com'],
  maxLength: 254,
})

export const PersonName = Type.String({
  maxLength: 64,
  pattern: ONE_LINE,
  title: 'one line of text',
})

export const User = Type.Object(
  {
    id: Id,
    organisationId: Type.Optional({
      ...Id,
      description: 'Absent: an administrator of the hub itself, for every organisation',
    }),
    email: Email,
    firstName: PersonName,
    lastName: PersonName,
    role: UserRole,
    status: Type.Enum(['ACTIVE', 'DISABLED', 'DELETED']),
    authOrigin: Type.Enum(['local', 'oidc'], {
      description: 'local: signs in with a password here; oidc: with the OpenID provider',
    }),
    mfaEnabled: Type.Union([Type.Boolean(), Type.Null()], {
      description: 'Has a second factor here; null: that is for the OpenID provider to ask',
    }),
    passwordSet: Type.Optional(
      Type.Boolean({ description: 'Of a local user, where users are what is asked for' }),
    ),
    lockedUntil: Type.Optional({
      ...Instant,
      description: 'Failed sign-ins have locked the user until then; where users are asked for',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'User' },
)
export type User = Static<typeof User>

export const Group = Type.Object(
  {
    id: Id,
    organisationId: Id,
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    groupType: Type.Enum(['LOCAL']),
    status: Type.Enum(['ACTIVE']),
    memberCount: Type.Integer(),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'Group' },
)
export type Group = Static<typeof Group>

export const TokenRole = Type.Enum(['api_admin', 'api_operations', 'api_user', 'api_readonly'])
export type TokenRole = Static<typeof TokenRole>

export const TokenName = Type.String({
  pattern: '^[0-9a-zA-Z_.-]{2,64}$',
  title: 'letters, digits, dots, dashes and underscores, from 2 to 64',
  examples: ['deploy-bot'],
})

export const OnlyAccounts = Type.Array(AwsAccountId, {
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
})

export const ApiToken = Type.Object(
  {
    accessKeyId: Id,
    name: TokenName,
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    role: TokenRole,
    /** Absent: the token of the hub's own operator, for every organisation. */
    organisationId: Type.Optional(Id),
    /** The account that calls act in unless they assume a role elsewhere. */
    awsAccountId: Type.Optional(AwsAccountId),
    /** The only accounts that it is for; absent: all of the organisation's. */
    onlyAccounts: Type.Optional(OnlyAccounts),
    /** From then on its calls are refused. */
    expiresAt: Type.Optional(Instant),
    rotatedAt: Type.Optional(Instant),
    /** Until then the secret before the last rotation is good too. */
    previousSecretUntil: Type.Optional(Instant),
    /** To the minute; absent: never used. */
    lastUsedAt: Type.Optional(Instant),
    createdAt: Instant,
  },
  { $id: 'ApiToken' },
)
export type ApiToken = Static<typeof ApiToken>

export const IngestKey = Type.Object(
  { id: Id, organisationId: Id, name: TokenName, createdAt: Instant },
  { $id: 'IngestKey' },
)
export type IngestKey = Static<typeof IngestKey>
