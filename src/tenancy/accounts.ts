import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account, AccountRole } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  foundationKey,
  listAccepted,
} from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { emit } from './outbox.ts'
import type { TenancyEventName } from './tenancy-events.ts'

export interface NewAccount {
  readonly organisationId: string
  readonly awsAccountId: AccountId
  readonly name: string
  readonly accountRole?: AccountRole | undefined
  readonly accountType?: string | undefined
}

export interface AccountChange {
  readonly name?: string | undefined
  readonly accountType?: string | undefined
}

export interface Accounts {
  create(caller: Principal, given: NewAccount): Promise<Account>
  get(caller: Principal, id: string): Promise<Account>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<Account>>
  update(caller: Principal, id: string, change: AccountChange): Promise<Account>
}

/** The reference system's type names of foundation accounts; a member's type is its owner's word. */
const FOUNDATION_TYPES: Readonly<Record<AccountRole, string>> = {
  MANAGEMENT: 'foundation-management',
  SECURITY: 'foundation-security',
  LOGGING: 'foundation-logging',
  MEMBER: 'workload',
}

export function createAccounts({ state, clock, ids, wiring }: OrganisationPorts): Accounts {
  const record = async (
    transaction: StateTransaction,
    caller: Principal,
    account: Account,
    name: TenancyEventName,
  ) => {
    const organisation = await organisationOf(transaction, caller, account.organisationId)
    transaction.put(ACCOUNTS, account.id, account)
    const action = {
      organisationId: organisation.id,
      customerId: organisation.customerId,
      name,
      ...(caller.userId !== undefined && { userId: caller.userId }),
      fields: { accountId: account.id, status: 'SUCCESS' },
    }
    emit(transaction, action, { clock, ids })
  }

  return {
    create: async (caller, given) => {
      const account = await state.transact(async (transaction) => {
        const now = clock.now()
        const accountRole = given.accountRole ?? 'MEMBER'
        const created: Account = {
          id: ids.timeOrderedUuid(now),
          organisationId: given.organisationId,
          awsAccountId: given.awsAccountId,
          name: given.name,
          accountRole,
          accountType: given.accountType ?? FOUNDATION_TYPES[accountRole],
          status: 'ACTIVE',
          assuranceState: 'UPDATING',
          createdAt: now,
          modifiedAt: now,
        }
        await record(transaction, caller, created, 'AccountCreateEvent')
        await claim(transaction, created)
        return created
      })
      await wiring.wireAccount(account)
      return (await state.get(ACCOUNTS, account.id)) ?? account
    },
    get: async (caller, id) => visible(caller, await state.get(ACCOUNTS, id), id),
    list: (caller, { organisationId, ...page }) =>
      listAccepted(state, ACCOUNTS, {
        ...page,
        accept: (account) =>
          reaches(caller, account.organisationId) &&
          (organisationId === undefined || organisationId === account.organisationId),
      }),
    update: (caller, id, change) =>
      state.transact(async (transaction) => {
        const before = visible(caller, await transaction.get(ACCOUNTS, id), id)
        const after: Account = {
          ...before,
          name: change.name ?? before.name,
          accountType: change.accountType ?? before.accountType,
          modifiedAt: clock.now(),
        }
        await record(transaction, caller, after, 'AccountUpdateEvent')
        return after
      }),
  }
}

/** An AWS account belongs to one organisation, which has one account of each foundation role. */
async function claim(transaction: StateTransaction, account: Account): Promise<void> {
  if ((await transaction.get(AWS_ACCOUNTS, account.awsAccountId)) !== undefined) {
    throw new RestError(
      409,
      'account.exists',
      `AWS account "${account.awsAccountId}" is already managed`,
    )
  }
  transaction.put(AWS_ACCOUNTS, account.awsAccountId, account.id)
  if (account.accountRole === 'MEMBER') return
  const key = foundationKey(account.organisationId, account.accountRole)
  if ((await transaction.get(FOUNDATION_ACCOUNTS, key)) !== undefined) {
    throw new RestError(
      409,
      'account.role-taken',
      `the organisation already has its ${account.accountRole} account`,
    )
  }
  transaction.put(FOUNDATION_ACCOUNTS, key, account.id)
}

function visible(caller: Principal, account: Account | undefined, id: string): Account {
  if (account !== undefined && reaches(caller, account.organisationId)) return account
  throw new RestError(404, 'account.not-found', `there is no account "${id}"`)
}
