import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { AccountType } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { ACCOUNT_TYPES, ACCOUNT_TYPE_KEYS, accountTypeKey } from './account-type-documents.ts'
import { listAccepted } from './documents.ts'
import { remember } from './history.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

export interface NewAccountType {
  readonly organisationId: string
  readonly name: string
  readonly description?: string | undefined
}

export interface AccountTypeChange {
  readonly description?: string | undefined
  readonly status?: AccountType['status'] | undefined
}

export interface AccountTypes {
  create(caller: Principal, given: NewAccountType): Promise<AccountType>
  get(caller: Principal, id: string): Promise<AccountType>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<AccountType>>
  update(caller: Principal, id: string, change: AccountTypeChange): Promise<AccountType>
  remove(caller: Principal, id: string): Promise<void>
}

export function createAccountTypes({
  state,
  ids,
  actions,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>): AccountTypes {
  return {
    create: (caller, { description, ...given }) =>
      actions.perform(caller, async ({ transaction, moment, now, tell }) => {
        const organisation = await organisationOf(transaction, caller, given.organisationId)
        const type: AccountType = {
          id: ids.timeOrderedUuid(now),
          organisationId: organisation.id,
          name: given.name,
          ...(description !== undefined && { description }),
          status: 'ACTIVE',
          builtIn: false,
          accountCount: 0,
          createdAt: now,
          modifiedAt: now,
        }
        tell('AccountTypeCreateEvent', happening(type))
        const key = accountTypeKey(organisation.id, type.name)
        if ((await transaction.get(ACCOUNT_TYPES, key)) !== undefined) {
          throw new RestError(
            409,
            'account-type.exists',
            `the organisation already has an account type "${type.name}"`,
          )
        }
        transaction.put(ACCOUNT_TYPES, key, type)
        transaction.put(ACCOUNT_TYPE_KEYS, type.id, key)
        remember(transaction, moment, 'account-type', [type.id, type])
        return type
      }),
    get: (caller, id) => accountTypeOf(state, caller, id),
    list: (caller, { organisationId, ...page }) =>
      listAccepted(state, ACCOUNT_TYPES, {
        ...page,
        accept: (type) =>
          reaches(caller, type.organisationId) &&
          (organisationId === undefined || organisationId === type.organisationId),
      }),
    update: (caller, id, change) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await accountTypeOf(transaction, caller, id)
        tell('AccountTypeUpdateEvent', happening(before))
        if (before.builtIn && change.status === 'DISABLED') throw builtIn(before, 'disabled')
        const after: AccountType = {
          ...before,
          ...(change.description !== undefined && { description: change.description }),
          status: change.status ?? before.status,
          modifiedAt: now,
        }
        transaction.put(ACCOUNT_TYPES, accountTypeKey(before.organisationId, before.name), after)
        return after
      }),
    remove: async (caller, id) => {
      await actions.perform(caller, async ({ transaction, tell }) => {
        const type = await accountTypeOf(transaction, caller, id)
        tell('AccountTypeDeleteEvent', happening(type))
        if (type.builtIn) throw builtIn(type, 'deleted')
        if (type.accountCount > 0) {
          throw new RestError(
            409,
            'account-type.in-use',
            `${type.accountCount} accounts have the type "${type.name}": give them another one first`,
          )
        }
        transaction.delete(ACCOUNT_TYPES, accountTypeKey(type.organisationId, type.name))
        transaction.delete(ACCOUNT_TYPE_KEYS, id)
      })
    },
  }
}

function happening({ id, name, organisationId }: AccountType) {
  return { organisationId, fields: { accountTypeId: id, accountTypeName: name } }
}

function builtIn({ name }: AccountType, verb: string): RestError {
  return new RestError(
    409,
    'account-type.built-in',
    `every organisation has the account type "${name}": it cannot be ${verb}`,
  )
}

async function accountTypeOf(
  transaction: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<AccountType> {
  const key = await transaction.get(ACCOUNT_TYPE_KEYS, id)
  const type = key === undefined ? undefined : await transaction.get(ACCOUNT_TYPES, key)
  if (type !== undefined && reaches(caller, type.organisationId)) return type
  throw new RestError(404, 'account-type.not-found', `there is no account type "${id}"`)
}
