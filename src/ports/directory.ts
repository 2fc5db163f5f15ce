import type { IdKind } from '#src/model/catalogue/event-type.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Account, ApiToken, Customer, Organisation, User } from '#src/model/tenancy.ts'

/** What the directory keeps names of. */
export type DirectoryKind = IdKind | 'customer' | 'organisation'

export type Attributes = Readonly<Record<string, unknown>>

export interface AccountThen {
  readonly organisationId: string
  readonly name: string
}

/** The names behind IDs, as they are and as they were. */
export interface Directory {
  customer(id: string): Promise<Customer | undefined>
  organisation(id: string): Promise<Organisation | undefined>
  user(id: string): Promise<User | undefined>
  /** In any case of its letters. */
  userByEmail(email: string): Promise<User | undefined>
  account(id: string): Promise<Account | undefined>
  accountByAwsId(awsAccountId: AccountId): Promise<Account | undefined>
  /**
   * Whose an account was, and how it was called, at a time (epoch ms): it may have passed from one
   * organisation to another since. A closed one stays with who had it; undefined: never known.
   */
  accountAt(awsAccountId: AccountId, at: number): Promise<AccountThen | undefined>
  apiToken(accessKeyId: string): Promise<ApiToken | undefined>
  /**
   * The readable attributes of something as they were at a moment, and the `organisationId` of
   * what is one organisation's; what was not known yet then is answered as it first was.
   * undefined: never known.
   */
  attributesAt(kind: DirectoryKind, id: string, moment: Moment): Promise<Attributes | undefined>
}
