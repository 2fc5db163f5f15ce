import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { State } from '#src/ports/state.ts'
import {
  ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  ORGANISATIONS,
  foundationKey,
  listAccepted,
} from './documents.ts'

export function createManagedAccounts(state: State): ManagedAccounts {
  return {
    organisations: async () => {
      const limit = Number.MAX_SAFE_INTEGER
      return (await listAccepted(state, ORGANISATIONS, { limit, accept: () => true })).items
    },
    organisation: (id) => state.get(ORGANISATIONS, id),
    accountsOf: async (organisationId) => {
      const limit = Number.MAX_SAFE_INTEGER
      const accept = (account: { organisationId: string }) =>
        account.organisationId === organisationId
      return (await listAccepted(state, ACCOUNTS, { limit, accept })).items
    },
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
