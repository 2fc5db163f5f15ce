import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account, AccountRole } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  foundationKey,
  listAccepted,
} from './documents.ts'
import { remember } from './history.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

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

export function createAccounts({
  state,
  clock,
  ids,
  wiring,
  actions,
}: OrganisationPorts): Accounts {
  const keep = ({ transaction, moment }: Step, account: Account) => {
    transaction.put(ACCOUNTS, account.id, account)
    remember(transaction, moment, 'account', [account.id, account])
    remember(transaction, moment, 'aws-account', [account.awsAccountId, account])
  }

  return {
    create: async (caller, given) => {
      const account = await actions.perform(caller, async (step) => {
        const { transaction, now } = step
        const organisation = await organisationOf(transaction, caller, given.organisationId)
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
        const { id: accountId, awsAccountId, name: accountName, accountType } = created
        step.tell('AccountCreateEvent', {
          organisationId: organisation.id,
          fields: { accountId, awsAccountId, accountName, accountType },
        })
        await claim(transaction, created)
        keep(step, created)
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
          reachesAccount(caller, account.awsAccountId) &&
          (organisationId === undefined || organisationId === account.organisationId),
      }),
    update: (caller, id, change) =>
      actions.perform(caller, async (step) => {
        const before = visible(caller, await step.transaction.get(ACCOUNTS, id), id)
        step.tell('AccountUpdateEvent', {
          organisationId: before.organisationId,
          fields: { accountId: id, changed: namesOf(change) },
        })
        const after: Account = {
          ...before,
          name: change.name ?? before.name,
          accountType: change.accountType ?? before.accountType,
          modifiedAt: clock.now(),
        }
        keep(step, after)
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
  const seen =
    account !== undefined &&
    reaches(caller, account.organisationId) &&
    reachesAccount(caller, account.awsAccountId)
  if (seen) return account
  throw new RestError(404, 'account.not-found', `there is no account "${id}"`)
}
