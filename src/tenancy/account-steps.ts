import { RestError } from '#src/errors.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account, AccountRole, Tags } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { enterType, leaveType, typeForRole } from './account-type-documents.ts'
import type { Step } from './actions.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  UNMANAGED_AWS_ACCOUNTS,
  foundationKey,
} from './documents.ts'
import { remember } from './history.ts'
import { isManaged } from './managed-accounts.ts'
import { enterUnit, leaveUnit } from './organisational-unit-documents.ts'
import { namesOf } from './organisations.ts'

/** Parts of actions on accounts, for whoever acts: a caller, a task, or discovery. */

export interface AccountChange {
  readonly name?: string | undefined
  readonly accountType?: string | undefined
  /** All of them: what is left out goes. */
  readonly tags?: Tags | undefined
  /** null: directly below the root. */
  readonly organisationalUnitId?: string | null | undefined
}

/**
 * Writes an account and what it is called from now on. The name of an AWS account is that of who
 * manages it: another organisation may have discovered it, or had it before.
 */
export async function keepAccount(
  { transaction, moment }: Step,
  account: Account,
  before?: Account,
): Promise<Account> {
  const { id, awsAccountId } = account
  transaction.put(ACCOUNTS, id, account)
  remember(transaction, moment, 'account', [id, account, before])
  if (await isManaged(transaction, account)) {
    const named = before?.status === 'DISCOVERED' ? undefined : before
    remember(transaction, moment, 'aws-account', [awsAccountId, account, named])
  }
  return account
}

/** Fields of an event about an account that is new, so that nothing can be looked up yet. */
export function fieldsOfNew(account: Account): Readonly<Record<string, unknown>> {
  const { id: accountId, awsAccountId, name: accountName, accountType } = account
  const { organisationalUnitId } = account
  return {
    accountId,
    awsAccountId,
    accountName,
    accountType,
    ...(organisationalUnitId !== undefined && { organisationalUnitId }),
  }
}

/** Makes an account that takes events from now on. */
export async function addManaged(step: Step, account: Account): Promise<Account> {
  await refuseKnown(step.transaction, account.awsAccountId)
  await enterType(step, account.organisationId, account.accountType)
  await enterUnit(step, account.organisationId, account.organisationalUnitId)
  await manage(step, account)
  return keepAccount(step, account)
}

/** Makes an account that is known, but takes no events yet. */
export async function addDiscovered(step: Step, account: Account): Promise<Account> {
  await refuseKnown(step.transaction, account.awsAccountId)
  await enterType(step, account.organisationId, account.accountType)
  await enterUnit(step, account.organisationId, account.organisationalUnitId)
  step.transaction.put(UNMANAGED_AWS_ACCOUNTS, account.awsAccountId, account.id)
  return keepAccount(step, account)
}

/** Takes a discovered account under management, and tells of it. */
export async function onboard(
  step: Step,
  before: Account,
  given: { readonly accountRole: AccountRole; readonly accountType?: string | undefined },
): Promise<Account> {
  const { id: accountId, organisationId, organisationalUnitId } = before
  const place = organisationalUnitId === undefined ? {} : { organisationalUnitId }
  step.tell('AccountOnboardEvent', { organisationId, fields: { accountId, ...place } })
  if (before.status !== 'DISCOVERED') {
    throw new RestError(
      409,
      'account.not-discovered',
      `the account "${before.name}" is ${before.status}: only a DISCOVERED one can be onboarded`,
    )
  }
  const { accountRole } = given
  const accountType = typeForRole(accountRole, given.accountType)
  await changeType(step, before, accountType)
  const { closingTaskId: _, ...rest } = before
  const after: Account = {
    ...rest,
    accountRole,
    accountType,
    status: 'ACTIVE',
    assuranceState: 'UPDATING',
    modifiedAt: step.now,
  }
  step.transaction.delete(UNMANAGED_AWS_ACCOUNTS, after.awsAccountId)
  await manage(step, after)
  return keepAccount(step, after, before)
}

/** Renames, tags or moves an account, or gives it another type, and tells of what that changes. */
export async function changeAccount(
  step: Step,
  before: Account,
  change: AccountChange & { readonly status?: Account['status'] | undefined },
): Promise<Account> {
  const changed = namesOf(change, before)
  if (changed.length === 0) return before
  const organisationalUnitId =
    change.organisationalUnitId === undefined
      ? before.organisationalUnitId
      : (change.organisationalUnitId ?? undefined)
  const place = organisationalUnitId === undefined ? {} : { organisationalUnitId }
  const { id: accountId, organisationId } = before
  step.tell('AccountUpdateEvent', { organisationId, fields: { accountId, ...place, changed } })
  if (before.status === 'CLOSED') {
    throw new RestError(
      409,
      'account.closed',
      `the account "${before.name}" is closed and changes no more`,
    )
  }
  const accountType = typeForRole(before.accountRole, change.accountType ?? before.accountType)
  await changeType(step, before, accountType)
  if (organisationalUnitId !== before.organisationalUnitId) {
    await leaveUnit(step, before.organisationalUnitId)
    await enterUnit(step, before.organisationId, organisationalUnitId)
  }
  const { organisationalUnitId: _, ...rest } = before
  const after = {
    ...rest,
    ...place,
    name: change.name ?? before.name,
    accountType,
    tags: { ...(change.tags ?? before.tags) },
    status: change.status ?? before.status,
    modifiedAt: step.now,
  }
  return keepAccount(step, after, before)
}

/** The account, where the caller reaches it. @throws RestError account.not-found */
export function visibleAccount(
  caller: Principal,
  account: Account | undefined,
  id: string,
): Account {
  const seen =
    account !== undefined &&
    reaches(caller, account.organisationId) &&
    reachesAccount(caller, account.awsAccountId)
  if (seen) return account
  throw new RestError(404, 'account.not-found', `there is no account "${id}"`)
}

async function changeType(step: Step, before: Account, accountType: string): Promise<void> {
  if (accountType === before.accountType) return
  await leaveType(step, before.organisationId, before.accountType)
  await enterType(step, before.organisationId, accountType)
}

/** An AWS account belongs to one organisation. */
async function refuseKnown(transaction: StateTransaction, awsAccountId: string): Promise<void> {
  if ((await transaction.get(AWS_ACCOUNTS, awsAccountId)) !== undefined) {
    throw new RestError(409, 'account.exists', `AWS account "${awsAccountId}" is already managed`)
  }
  if ((await transaction.get(UNMANAGED_AWS_ACCOUNTS, awsAccountId)) === undefined) return
  throw new RestError(
    409,
    'account.exists',
    `AWS account "${awsAccountId}" is known already, discovered or about to be closed: onboard it with "belfry accounts onboard", or wait until it is closed`,
  )
}

/** An organisation has one account of each foundation role. */
async function manage({ transaction }: Step, account: Account): Promise<void> {
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
