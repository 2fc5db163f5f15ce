import { RestError } from '#src/errors.ts'
import type { AccountRole, AccountType } from '#src/model/tenancy.ts'
import type { Ids } from '#src/ports/ids.ts'
import { collection } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { remember } from './history.ts'

/** By organisation and name, which is what accounts refer to. */
export const ACCOUNT_TYPES = collection<AccountType>('account-types')
/** By id; holds the key in ACCOUNT_TYPES. */
export const ACCOUNT_TYPE_KEYS = collection<string>('account-type-keys')

export function accountTypeKey(organisationId: string, name: string): string {
  return `${organisationId}|${name}`
}

/** The reference system's type names of foundation accounts; `workload` is for all others. */
const TYPE_OF_ROLE: Readonly<Record<AccountRole, string>> = {
  MANAGEMENT: 'foundation-management',
  SECURITY: 'foundation-security',
  LOGGING: 'foundation-logging',
  MEMBER: 'workload',
}

const DESCRIPTIONS: Readonly<Record<AccountRole, string>> = {
  MANAGEMENT: 'The management account of the organisation',
  SECURITY: 'The security account, where the AWS events of all accounts come together',
  LOGGING: 'The logging account, where tenancy events are delivered',
  MEMBER: 'Accounts without a type of their own',
}

/** Gives a new organisation the types that every organisation has. */
export function putBuiltInTypes(
  { transaction, moment, now }: Step,
  ids: Ids,
  organisationId: string,
): void {
  for (const [role, name] of Object.entries(TYPE_OF_ROLE)) {
    const type: AccountType = {
      id: ids.timeOrderedUuid(now),
      organisationId,
      name,
      description: DESCRIPTIONS[role as AccountRole],
      status: 'ACTIVE',
      builtIn: true,
      accountCount: 0,
      createdAt: now,
      modifiedAt: now,
    }
    const key = accountTypeKey(organisationId, name)
    transaction.put(ACCOUNT_TYPES, key, type)
    transaction.put(ACCOUNT_TYPE_KEYS, type.id, key)
    remember(transaction, moment, 'account-type', [type.id, type])
  }
}

/**
 * The type that an account of a role has or may take.
 * @throws RestError account-type.reserved: foundation accounts keep theirs, and no other account
 * may have one of these.
 */
export function typeForRole(role: AccountRole, wanted: string | undefined): string {
  const own = TYPE_OF_ROLE[role]
  if (wanted === undefined || wanted === own) return own
  if (role !== 'MEMBER') {
    throw new RestError(
      409,
      'account-type.reserved',
      `an account of the role ${role} keeps the type "${own}": leave accountType out`,
    )
  }
  if (!Object.values(TYPE_OF_ROLE).includes(wanted)) return wanted
  throw new RestError(
    409,
    'account-type.reserved',
    `the type "${wanted}" is for the foundation account of that role alone: choose another, such as "${own}"`,
  )
}

/** Counts an account into a type. @throws RestError account-type.not-found, account-type.disabled */
export async function enterType(
  { transaction }: Step,
  organisationId: string,
  name: string,
): Promise<void> {
  const key = accountTypeKey(organisationId, name)
  const type = await transaction.get(ACCOUNT_TYPES, key)
  if (type === undefined) {
    throw new RestError(
      404,
      'account-type.not-found',
      `there is no account type "${name}": make it with "belfry account-types create", or choose one of "belfry account-types list"`,
    )
  }
  if (type.status === 'DISABLED') {
    throw new RestError(
      409,
      'account-type.disabled',
      `the account type "${name}" is disabled, so no further account may take it: enable it or choose another`,
    )
  }
  transaction.put(ACCOUNT_TYPES, key, { ...type, accountCount: type.accountCount + 1 })
}

/** Counts an account out of its type. */
export async function leaveType(
  { transaction }: Step,
  organisationId: string,
  name: string,
): Promise<void> {
  const key = accountTypeKey(organisationId, name)
  const type = await transaction.get(ACCOUNT_TYPES, key)
  if (type === undefined) return
  transaction.put(ACCOUNT_TYPES, key, { ...type, accountCount: type.accountCount - 1 })
}
