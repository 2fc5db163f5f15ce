import type {
  Account,
  AccountRole,
  ApiToken,
  Customer,
  IngestKey,
  Organisation,
  User,
} from '#src/model/tenancy.ts'
import type { Page } from '#src/model/page.ts'
import { collection } from '#src/ports/state.ts'
import type { Collection, State } from '#src/ports/state.ts'
import type { TenancyEvent } from './tenancy-events.ts'

export interface StoredUser extends User {
  /** Absent: the user cannot sign in with a password. */
  readonly passwordHash?: string
  /** Who the user is to an OpenID provider. */
  readonly identity?: { readonly issuer: string; readonly subject: string }
}

export interface StoredToken extends Omit<ApiToken, 'lastUsedAt' | 'previousSecretUntil'> {
  readonly sealedSecret: string
  /** The secret before the last rotation. */
  readonly previous?: { readonly sealedSecret: string; readonly until: number }
}

/** When a token was used; apart from the token, so that using it is no change of it. */
export interface TokenUse {
  readonly usedAt: number
  /** Of the last APITokenAuthenticationEvent of a success. */
  readonly authenticatedAt: number
}

export const CUSTOMERS = collection<Customer>('customers')
export const ORGANISATIONS = collection<Organisation>('organisations')
/** By alias; holds the organisation's id. */
export const ORGANISATION_ALIASES = collection<string>('organisation-aliases')
export const ACCOUNTS = collection<Account>('accounts')
/** By AWS account id, of accounts under management, which take events; holds the account's id. */
export const AWS_ACCOUNTS = collection<string>('aws-accounts')
/** The same of accounts that take none: discovered, or about to be closed. */
export const UNMANAGED_AWS_ACCOUNTS = collection<string>('unmanaged-aws-accounts')
/** By organisation and role; holds the id of the organisation's only account of that role. */
export const FOUNDATION_ACCOUNTS = collection<string>('foundation-accounts')
export const USERS = collection<StoredUser>('users')
/** By e-mail in lower case; holds the user's id. */
export const USER_EMAILS = collection<string>('user-emails')
export const API_TOKENS = collection<StoredToken>('api-tokens')
/** By access key. */
export const TOKEN_USES = collection<TokenUse>('api-token-uses')
/** By the fingerprint of the key. */
export const INGEST_KEYS = collection<IngestKey>('ingest-keys')
/** By the key's id; holds its fingerprint. */
export const INGEST_KEY_FINGERPRINTS = collection<string>('ingest-key-fingerprints')
/** Tenancy events on their way to the log, written in the transaction of their action. */
export const OUTBOX = collection<TenancyEvent>('outbox')
/** Ids of events that publishers outside of the hub have sent, by emittedKey; holds their name. */
export const EMITTED = collection<string>('emitted-events')

/** Key of an organisation's only account of a role. */
export function foundationKey(organisationId: string, role: AccountRole): string {
  return `${organisationId}|${role}`
}

/** The organisation of something that may be the hub's own, to be spread. */
export function organisationIdOf({ organisationId }: { readonly organisationId?: string }) {
  return organisationId === undefined ? {} : { organisationId }
}

const DIGITS = String(Number.MAX_SAFE_INTEGER).length

/** Part of a key by which what has the greatest number comes first. */
export function backwards(number: number): string {
  return String(Number.MAX_SAFE_INTEGER - number).padStart(DIGITS, '0')
}

/** The number in what `backwards` made. */
export function forwards(text: string): number {
  return Number.MAX_SAFE_INTEGER - Number(text)
}

export interface ListRequest<T> {
  readonly after?: string | undefined
  readonly limit: number
  readonly accept: (value: T) => boolean
}

const DOCUMENTS_PER_READ = 500

/** A page of the documents that a caller may see, in the order of their keys. */
export async function listAccepted<T>(
  state: State,
  from: Collection<T>,
  { after, limit, accept }: ListRequest<T>,
): Promise<Page<T>> {
  const found: { key: string; value: T }[] = []
  let cursor = after
  for (;;) {
    const documents = await state.list(from, {
      limit: DOCUMENTS_PER_READ,
      ...(cursor !== undefined && { after: cursor }),
    })
    for (const document of documents) {
      if (!accept(document.value)) continue
      if (found.length === limit) {
        const last = found.at(-1)?.key
        return { items: found.map(({ value }) => value), ...(last !== undefined && { last }) }
      }
      found.push(document)
    }
    if (documents.length < DOCUMENTS_PER_READ) return { items: found.map(({ value }) => value) }
    cursor = documents.at(-1)?.key
  }
}

/** All documents that are accepted, in the order of their keys. */
export async function listAll<T>(
  state: State,
  from: Collection<T>,
  accept: (value: T) => boolean = () => true,
): Promise<readonly T[]> {
  return (await listAccepted(state, from, { limit: Number.MAX_SAFE_INTEGER, accept })).items
}

/** Whether something is one organisation's. */
export function isOf(organisationId: string) {
  return (thing: { readonly organisationId?: string }) => thing.organisationId === organisationId
}
