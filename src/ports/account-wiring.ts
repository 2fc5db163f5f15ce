import type { AccountId } from '#src/model/event.ts'
import type { Account, AccountRole, Organisation } from '#src/model/tenancy.ts'
import type { StateTransaction } from './state.ts'

/** Keeps accounts and regions wired. */
export interface AccountWiring {
  /** Wires a new or changed account, and those whose wiring leads to it. */
  wireAccount(account: Account): Promise<void>
  /** @param onWired is told how many of how many accounts are done */
  wireOrganisation(
    organisation: Organisation,
    onWired?: (done: number, total: number) => void,
  ): Promise<void>
  /** Takes away all that an account has which takes no more events: event buses, rules and others. */
  unwireAccount(account: Account): Promise<void>
}

/** The accounts that are to be wired. */
export interface ManagedAccounts {
  organisations(): Promise<readonly Organisation[]>
  organisation(id: string): Promise<Organisation | undefined>
  accountsOf(organisationId: string): Promise<readonly Account[]>
  /** These and those that were, though another organisation may have them now. */
  accountsEverOf(organisationId: string): Promise<readonly AccountId[]>
  /** Whether the account is to be wired: not so before it is onboarded and once it is closed. */
  isManaged(
    transaction: Pick<StateTransaction, 'get'>,
    account: Pick<Account, 'id' | 'awsAccountId'>,
  ): Promise<boolean>
  /** An organisation's only account of a foundation role. */
  foundationAccount(
    organisationId: string,
    role: Exclude<AccountRole, 'MEMBER'>,
  ): Promise<Account | undefined>
  markWired(accountId: string): Promise<void>
}
