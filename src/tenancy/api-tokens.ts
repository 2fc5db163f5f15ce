import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { includes, reaches, roleOf } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { ApiToken, TokenRole } from '#src/model/tenancy.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { API_TOKENS, TOKEN_USES, listAccepted } from './documents.ts'
import type { StoredToken } from './documents.ts'
import { remember } from './history.ts'
import { managedAccountOf } from './managed-accounts.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import type { Vault } from './vault.ts'

export interface NewApiToken {
  readonly name: string
  readonly description?: string | undefined
  readonly role: TokenRole
  readonly organisationId: string
  /** The account that the token's calls act in; without one it must assume a role first. */
  readonly awsAccountId?: AccountId | undefined
  /** The only accounts that it is for. */
  readonly onlyAccounts?: AccountId[] | undefined
  /** Epoch ms. */
  readonly expiresAt?: number | undefined
}

/** null takes a limit away. */
export interface ApiTokenChange {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly role?: TokenRole | undefined
  readonly onlyAccounts?: AccountId[] | null | undefined
  readonly expiresAt?: number | null | undefined
}

/** The secret is shown once. */
export type ApiTokenWithSecret = ApiToken & { readonly secretAccessKey: string }

export interface ApiTokens {
  create(caller: Principal, given: NewApiToken): Promise<ApiTokenWithSecret>
  /** The token of the hub's operator; made once, at the first start. */
  createForOperator(): Promise<ApiTokenWithSecret>
  get(caller: Principal, accessKeyId: string): Promise<ApiToken>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<ApiToken>>
  update(caller: Principal, accessKeyId: string, change: ApiTokenChange): Promise<ApiToken>
  /** Gives a token a new secret; the old one is good for as long as the overlap. */
  rotate(caller: Principal, accessKeyId: string, overlapMs: number): Promise<ApiTokenWithSecret>
  remove(caller: Principal, accessKeyId: string): Promise<void>
}

/** The reference system's: 32 letters and digits. */
const SECRET_CHARACTERS = 32

type TokenPorts = Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'>

export function createApiTokens(ports: TokenPorts, vault: Vault): ApiTokens {
  const { state } = ports
  return {
    ...making(ports, vault),
    ...changing(ports, vault),
    get: async (caller, accessKeyId) => {
      const token = visible(caller, await state.get(API_TOKENS, accessKeyId), accessKeyId)
      return shown(state, token)
    },
    list: async (caller, { organisationId, ...page }) => {
      const { items, last } = await listAccepted(state, API_TOKENS, {
        ...page,
        accept: (token) =>
          visibleTo(caller, token) &&
          (organisationId === undefined || organisationId === token.organisationId),
      })
      const tokens = await Promise.all(items.map((token) => shown(state, token)))
      return { items: tokens, ...(last !== undefined && { last }) }
    },
  }
}

function making(
  { clock, ids, actions }: TokenPorts,
  vault: Vault,
): Pick<ApiTokens, 'create' | 'createForOperator'> {
  const minted = (given: Omit<StoredToken, 'accessKeyId' | 'createdAt' | 'sealedSecret'>) => {
    const secretAccessKey = ids.secret(SECRET_CHARACTERS)
    const accessKeyId = ids.uuid()
    const token = { accessKeyId, ...given, createdAt: clock.now() }
    const sealedSecret = vault.seal(['api-token', accessKeyId], secretAccessKey)
    const stored: StoredToken = { ...token, sealedSecret }
    return { stored, created: { ...token, secretAccessKey } }
  }

  return {
    create: async (caller, given) => {
      checkGrant(caller, given.role)
      checkExpiry(given.expiresAt, clock.now())
      const { stored, created } = minted(onlyGiven(given))
      await actions.perform(caller, async (step) => {
        const { transaction } = step
        const organisation = await organisationOf(transaction, caller, given.organisationId)
        await checkAccounts(transaction, organisation.id, stored)
        keep(step, stored)
        const { accessKeyId } = stored
        const fields = { accessKeyId, ...limitsOf(stored) }
        step.tell('APITokenCreateEvent', { organisationId: organisation.id, fields })
      })
      return created
    },
    createForOperator: async () => {
      const { stored, created } = minted({ name: 'operator', role: 'api_admin' })
      await actions.perform(undefined, async (step) => keep(step, stored))
      return created
    },
  }
}

function changing(
  { state, clock, ids, actions }: TokenPorts,
  vault: Vault,
): Pick<ApiTokens, 'update' | 'rotate' | 'remove'> {
  /** Says what happens to a token, once the caller may do it; nothing where nothing does. */
  const told = async (
    { transaction, tell }: Step,
    caller: Principal,
    [name, accessKeyId]: readonly [event: string, accessKeyId: string],
    more: (token: StoredToken) => object | undefined = () => ({}),
  ): Promise<StoredToken> => {
    const token = visible(caller, await transaction.get(API_TOKENS, accessKeyId), accessKeyId)
    checkGrant(caller, token.role)
    const { organisationId } = token
    const fields = more(token)
    if (organisationId !== undefined && fields !== undefined) {
      tell(name, { organisationId, fields: { accessKeyId, ...fields } })
    }
    return token
  }

  return {
    update: async (caller, accessKeyId, change) => {
      if (change.role !== undefined) checkGrant(caller, change.role)
      checkExpiry(change.expiresAt ?? undefined, clock.now())
      const stored = await actions.perform(caller, async (step) => {
        const event = ['APITokenUpdateEvent', accessKeyId] as const
        const before = await told(step, caller, event, (token) => {
          const names = namesOf(change, token)
          if (names.length === 0) return undefined
          return { changed: names, ...limitsOf(changed(token, change)) }
        })
        const after = changed(before, change)
        // Otherwise left alone: an account may have been closed since.
        if (change.onlyAccounts !== undefined) {
          await checkAccounts(step.transaction, after.organisationId, after)
        }
        keep(step, after, before)
        return after
      })
      return shown(state, stored)
    },
    rotate: async (caller, accessKeyId, overlapMs) => {
      const secretAccessKey = ids.secret(SECRET_CHARACTERS)
      const sealedSecret = vault.seal(['api-token', accessKeyId], secretAccessKey)
      const stored = await actions.perform(caller, async (step) => {
        const name = 'APITokenRotateEvent'
        const { previous: _, ...before } = await told(step, caller, [name, accessKeyId])
        const { now } = step
        const previous = { sealedSecret: before.sealedSecret, until: now + overlapMs }
        const after: StoredToken = {
          ...before,
          sealedSecret,
          rotatedAt: now,
          ...(overlapMs > 0 && { previous }),
        }
        keep(step, after, before)
        return after
      })
      return { ...(await shown(state, stored)), secretAccessKey }
    },
    remove: async (caller, accessKeyId) => {
      await actions.perform(caller, async (step) => {
        await told(step, caller, ['APITokenDeleteEvent', accessKeyId])
        if (caller.accessKeyId === accessKeyId) {
          throw new RestError(
            409,
            'api-token.in-use',
            'this call is made with that API token: delete it with another one',
          )
        }
        step.transaction.delete(API_TOKENS, accessKeyId)
        step.transaction.delete(TOKEN_USES, accessKeyId)
      })
    },
  }
}

function keep({ transaction, moment }: Step, stored: StoredToken, before?: StoredToken): void {
  transaction.put(API_TOKENS, stored.accessKeyId, stored)
  remember(transaction, moment, 'api-token', [stored.accessKeyId, stored, before])
}

async function shown(state: State, stored: StoredToken): Promise<ApiToken> {
  const { sealedSecret: _, previous, ...token } = stored
  const use = await state.get(TOKEN_USES, token.accessKeyId)
  return {
    ...token,
    ...(previous !== undefined && { previousSecretUntil: previous.until }),
    ...(use !== undefined && { lastUsedAt: use.usedAt }),
  }
}

/** Where and how long a token is good, as its events tell it. */
function limitsOf({ onlyAccounts, expiresAt }: StoredToken): object {
  return {
    ...(onlyAccounts !== undefined && { onlyAccounts }),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
  }
}

/** Nobody gives more than they have. */
function checkGrant(caller: Principal, roleName: TokenRole): void {
  const role = roleOf(roleName)
  if (role !== undefined && includes(caller.role, role)) return
  throw new RestError(
    403,
    'api-token.forbidden',
    `a caller of role "${caller.role}" has no say over tokens of role "${roleName}"`,
  )
}

function checkExpiry(expiresAt: number | undefined, now: number): void {
  if (expiresAt === undefined || expiresAt > now) return
  throw new RestError(
    400,
    'api-token.expired',
    `expiresAt must lie in the future, in epoch milliseconds: ${expiresAt} is ${new Date(expiresAt).toISOString()}`,
  )
}

/**
 * A token acts in accounts of its own organisation, the operator's in those of all, and only in
 * those that it is for.
 */
async function checkAccounts(
  transaction: StateTransaction,
  organisationId: string | undefined,
  { awsAccountId, onlyAccounts }: StoredToken,
): Promise<void> {
  const named = [...(awsAccountId === undefined ? [] : [awsAccountId]), ...(onlyAccounts ?? [])]
  for (const each of named) {
    const account = await managedAccountOf(transaction, each)
    const isOurs = account?.organisationId === (organisationId ?? account?.organisationId)
    if (account !== undefined && isOurs) continue
    throw new RestError(
      404,
      'account.not-found',
      `AWS account "${each}" is not managed ${organisationId === undefined ? 'here' : 'in this organisation'}`,
    )
  }
  if (awsAccountId === undefined || (onlyAccounts?.includes(awsAccountId) ?? true)) return
  throw new RestError(
    400,
    'api-token.account-not-included',
    `the token would act in account "${awsAccountId}", which is none of those that it is for: ${onlyAccounts?.join(', ')}`,
  )
}

function onlyGiven<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as never
}

/** The token with what a change gives; null takes away. */
function changed(before: StoredToken, change: ApiTokenChange): StoredToken {
  const merged = Object.entries({ ...before, ...onlyGiven(change) })
  return Object.fromEntries(merged.filter(([, value]) => value !== null)) as never
}

function visibleTo(caller: Principal, token: StoredToken): boolean {
  return token.organisationId === undefined
    ? caller.organisationId === undefined
    : reaches(caller, token.organisationId)
}

function visible(
  caller: Principal,
  token: StoredToken | undefined,
  accessKeyId: string,
): StoredToken {
  if (token !== undefined && visibleTo(caller, token)) return token
  throw new RestError(404, 'api-token.not-found', `there is no API token "${accessKeyId}"`)
}
