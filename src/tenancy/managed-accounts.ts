import type { AccountId } from '#src/model/event.ts'
import type { Account } from '#src/model/tenancy.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  ORGANISATIONS,
  foundationKey,
  isOf,
  listAll,
} from './documents.ts'

export function createManagedAccounts(state: State): ManagedAccounts {
  return {
    organisations: () => listAll(state, ORGANISATIONS),
    organisation: (id) => state.get(ORGANISATIONS, id),
    accountsOf: async (organisationId) => {
      const all = await listAll(state, ACCOUNTS, isOf(organisationId))
      const managed = await Promise.all(all.map((account) => isManaged(state, account)))
      return all.filter((_, index) => managed[index])
    },
    accountsEverOf: async (organisationId) => {
      const all = await listAll(state, ACCOUNTS, isOf(organisationId))
      return [...new Set(all.map(({ awsAccountId }) => awsAccountId))]
    },
    isManaged,
    foundationAccount: async (organisationId, role) => {
      const id = await state.get(FOUNDATION_ACCOUNTS, foundationKey(organisationId, role))
      return id === undefined ? undefined : state.get(ACCOUNTS, id)
    },
    markWired: (accountId) =>
      state.transact(async (transaction) => {
        const account = await transaction.get(ACCOUNTS, accountId)
        if (account?.assuranceState !== 'UPDATING') return
        transaction.put(ACCOUNTS, accountId, { ...account, assuranceState: 'ACTIVE' })
      }),
  }
}

/** The account that is managed under an AWS account id. */
export async function managedAccountOf(
  from: Pick<StateTransaction, 'get'>,
  awsAccountId: AccountId,
): Promise<Account | undefined> {
  const id = await from.get(AWS_ACCOUNTS, awsAccountId)
  return id === undefined ? undefined : from.get(ACCOUNTS, id)
}

/** Whether an account takes events: not so before it is onboarded and once it is closed. */
export async function isManaged(
  transaction: Pick<StateTransaction, 'get'>,
  { id, awsAccountId }: { readonly id: string; readonly awsAccountId: string },
): Promise<boolean> {
  return (await transaction.get(AWS_ACCOUNTS, awsAccountId)) === id
}
