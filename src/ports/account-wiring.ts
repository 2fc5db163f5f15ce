import type { Account, AccountRole, Organisation } from '#src/model/tenancy.ts'

/** Keeps accounts and regions wired. */
export interface AccountWiring {
  /** Wires a new or changed account, and those whose wiring leads to it. */
  wireAccount(account: Account): Promise<void>
  wireOrganisation(organisation: Organisation): Promise<void>
}

/** The accounts that are to be wired. */
export interface ManagedAccounts {
  organisations(): Promise<readonly Organisation[]>
  organisation(id: string): Promise<Organisation | undefined>
  accountsOf(organisationId: string): Promise<readonly Account[]>
  /** An organisation's only account of a foundation role. */
  foundationAccount(
    organisationId: string,
    role: Exclude<AccountRole, 'MEMBER'>,
  ): Promise<Account | undefined>
  markWired(accountId: string): Promise<void>
}
