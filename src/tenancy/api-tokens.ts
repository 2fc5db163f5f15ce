import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { includes, reaches, roleOf } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { ApiToken, TokenRole } from '#src/model/tenancy.ts'
import { ACCOUNTS, API_TOKENS, AWS_ACCOUNTS, listAccepted } from './documents.ts'
import type { StoredToken } from './documents.ts'
import { remember } from './history.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import type { Vault } from './vault.ts'

export interface NewApiToken {
  readonly name: string
  readonly description?: string | undefined
  readonly role: TokenRole
  readonly organisationId: string
  /** The account that the token's calls act in; without one it must assume a role first. */
  readonly awsAccountId?: AccountId | undefined
}

/** The secret is shown once. */
export type CreatedApiToken = ApiToken & { readonly secretAccessKey: string }

export interface ApiTokens {
  create(caller: Principal, given: NewApiToken): Promise<CreatedApiToken>
  /** The token of the hub's operator; made once, at the first start. */
  createForOperator(): Promise<CreatedApiToken>
  list(caller: Principal, page: PageOfCaller): Promise<Page<ApiToken>>
  remove(caller: Principal, accessKeyId: string): Promise<void>
}

/** The reference system's: 32 letters and digits. */
const SECRET_CHARACTERS = 32

export function createApiTokens(
  { state, clock, ids, actions }: Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'>,
  vault: Vault,
): ApiTokens {
  const minted = (given: Omit<ApiToken, 'accessKeyId' | 'createdAt'>) => {
    const secretAccessKey = ids.secret(SECRET_CHARACTERS)
    const token: ApiToken = { accessKeyId: ids.uuid(), ...given, createdAt: clock.now() }
    const stored: StoredToken = { ...token, sealedSecret: vault.seal(secretAccessKey) }
    return { stored, created: { ...token, secretAccessKey } }
  }

  return {
    create: async (caller, { description, awsAccountId, ...given }) => {
      const role = roleOf(given.role)
      if (role === undefined || !includes(caller.role, role)) {
        throw new RestError(
          403,
          'api-token.forbidden',
          `a caller of role "${caller.role}" cannot make a token of role "${given.role}"`,
        )
      }
      const { stored, created } = minted({
        ...given,
        ...(description !== undefined && { description }),
        ...(awsAccountId !== undefined && { awsAccountId }),
      })
      await actions.perform(caller, async ({ transaction, moment, tell }) => {
        const organisation = await organisationOf(transaction, caller, given.organisationId)
        if (awsAccountId !== undefined) {
          const id = await transaction.get(AWS_ACCOUNTS, awsAccountId)
          const account = id === undefined ? undefined : await transaction.get(ACCOUNTS, id)
          if (account?.organisationId !== organisation.id) {
            throw new RestError(
              404,
              'account.not-found',
              `AWS account "${awsAccountId}" is not managed in this organisation`,
            )
          }
        }
        transaction.put(API_TOKENS, stored.accessKeyId, stored)
        remember(transaction, moment, 'api-token', [stored.accessKeyId, stored])
        tell('APITokenCreateEvent', {
          organisationId: organisation.id,
          fields: { accessKeyId: stored.accessKeyId },
        })
      })
      return created
    },
    createForOperator: async () => {
      const { stored, created } = minted({ name: 'operator', role: 'api_admin' })
      await actions.perform(undefined, async ({ transaction, moment }) => {
        transaction.put(API_TOKENS, stored.accessKeyId, stored)
        remember(transaction, moment, 'api-token', [stored.accessKeyId, stored])
      })
      return created
    },
    list: async (caller, page) => {
      const { items, last } = await listAccepted(state, API_TOKENS, {
        ...page,
        accept: (token) => visibleTo(caller, token),
      })
      return { items: items.map(shown), ...(last !== undefined && { last }) }
    },
    remove: async (caller, accessKeyId) => {
      if (caller.accessKeyId === accessKeyId) {
        throw new RestError(
          409,
          'api-token.in-use',
          'this call is made with that API token: delete it with another one',
        )
      }
      await state.transact(async (transaction) => {
        const token = await transaction.get(API_TOKENS, accessKeyId)
        if (token === undefined || !visibleTo(caller, token)) {
          throw new RestError(404, 'api-token.not-found', `there is no API token "${accessKeyId}"`)
        }
        transaction.delete(API_TOKENS, accessKeyId)
      })
    },
  }
}

function visibleTo(caller: Principal, token: ApiToken): boolean {
  return token.organisationId === undefined
    ? caller.organisationId === undefined
    : reaches(caller, token.organisationId)
}

function shown({ sealedSecret: _, ...token }: StoredToken): ApiToken {
  return token
}
