import type { AccountId } from '#src/model/event.ts'
import type { Account, ApiToken, Customer, Organisation, User } from '#src/model/tenancy.ts'

/** The names behind IDs. */
export interface Directory {
  customer(id: string): Promise<Customer | undefined>
  organisation(id: string): Promise<Organisation | undefined>
  user(id: string): Promise<User | undefined>
  /** In any case of its letters. */
  userByEmail(email: string): Promise<User | undefined>
  account(id: string): Promise<Account | undefined>
  accountByAwsId(awsAccountId: AccountId): Promise<Account | undefined>
  apiToken(accessKeyId: string): Promise<ApiToken | undefined>
}
