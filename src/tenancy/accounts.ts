import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account, AccountRole, AccountStatus, Tags } from '#src/model/tenancy.ts'
import { beginClosing } from './account-closing.ts'
import { typeForRole } from './account-type-documents.ts'
import { addManaged, changeAccount, fieldsOfNew, onboard, visibleAccount } from './account-steps.ts'
import type { AccountChange } from './account-steps.ts'
import { ACCOUNTS, listAccepted } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

export interface NewAccount {
  readonly organisationId: string
  readonly awsAccountId: AccountId
  readonly name: string
  readonly accountRole?: AccountRole | undefined
  readonly accountType?: string | undefined
  readonly organisationalUnitId?: string | undefined
  readonly tags?: Tags | undefined
}

/** Which accounts a list holds: those that pass all that is given. */
export interface AccountFilter {
  readonly organisationId?: string | undefined
  readonly status?: AccountStatus | undefined
  readonly accountType?: string | undefined
  readonly organisationalUnitId?: string | undefined
  /** A tag's key, or `key=value`; several: all of them. */
  readonly tag?: readonly string[] | undefined
  /** Part of the name or of the AWS account id, in whatever case. */
  readonly text?: string | undefined
}

export interface Onboarding {
  readonly accountRole?: AccountRole | undefined
  readonly accountType?: string | undefined
}

export interface Accounts {
  create(caller: Principal, given: NewAccount): Promise<Account>
  get(caller: Principal, id: string): Promise<Account>
  list(caller: Principal, page: PageOfCaller & AccountFilter): Promise<Page<Account>>
  update(caller: Principal, id: string, change: AccountChange): Promise<Account>
  /** Takes a discovered account under management. */
  onboard(caller: Principal, id: string, given: Onboarding): Promise<Account>
  /**
   * Starts a task that ends the management of an account, or answers the one under way; no event
   * is taken from now on.
   */
  close(caller: Principal, id: string): Promise<{ readonly taskId: string }>
}

export function createAccounts(ports: OrganisationPorts): Accounts {
  const { state, ids, wiring, actions } = ports

  const wired = async (account: Account) => {
    await wiring.wireAccount(account)
    return (await state.get(ACCOUNTS, account.id)) ?? account
  }

  return {
    create: async (caller, given) => {
      const account = await actions.perform(caller, async (step) => {
        const organisation = await organisationOf(step.transaction, caller, given.organisationId)
        const created = newAccount(ids.timeOrderedUuid(step.now), given, step.now)
        step.tell('AccountCreateEvent', {
          organisationId: organisation.id,
          fields: fieldsOfNew(created),
        })
        typeForRole(created.accountRole, created.accountType)
        return addManaged(step, created)
      })
      return wired(account)
    },
    get: async (caller, id) => visibleAccount(caller, await state.get(ACCOUNTS, id), id),
    list: (caller, { after, limit, ...filter }) =>
      listAccepted(state, ACCOUNTS, {
        after,
        limit,
        accept: (account) =>
          reaches(caller, account.organisationId) &&
          reachesAccount(caller, account.awsAccountId) &&
          passes(account, filter),
      }),
    update: (caller, id, change) =>
      actions.perform(caller, async (step) => {
        const before = visibleAccount(caller, await step.transaction.get(ACCOUNTS, id), id)
        return changeAccount(step, before, change)
      }),
    onboard: async (caller, id, given) => {
      const account = await actions.perform(caller, async (step) => {
        const before = visibleAccount(caller, await step.transaction.get(ACCOUNTS, id), id)
        const accountRole = given.accountRole ?? before.accountRole
        const kept = accountRole === before.accountRole ? before.accountType : undefined
        return onboard(step, before, { accountRole, accountType: given.accountType ?? kept })
      })
      return wired(account)
    },
    close: (caller, id) =>
      actions.perform(caller, async (step) => {
        const { transaction } = step
        const account = visibleAccount(caller, await transaction.get(ACCOUNTS, id), id)
        const { organisationId } = account
        const refusal = refusalToClose(account)
        if (refusal !== undefined) {
          step.tell('AccountCloseEvent', { organisationId, fields: { accountId: id } })
          throw refusal
        }
        return beginClosing(step, ids, account, caller)
      }),
  }
}

/** An account under management, about to be wired. */
function newAccount(id: string, given: NewAccount, now: number): Account {
  const { organisationId, awsAccountId, name, organisationalUnitId, tags } = given
  const accountRole = given.accountRole ?? 'MEMBER'
  return {
    id,
    organisationId,
    awsAccountId,
    name,
    accountRole,
    accountType: given.accountType ?? typeForRole(accountRole, undefined),
    ...(organisationalUnitId !== undefined && { organisationalUnitId }),
    tags: { ...tags },
    status: 'ACTIVE',
    assuranceState: 'UPDATING',
    createdAt: now,
    modifiedAt: now,
  }
}

function refusalToClose({ name, accountRole, status }: Account): RestError | undefined {
  if (accountRole !== 'MEMBER' && status !== 'DISCOVERED') {
    return new RestError(
      409,
      'account.foundation',
      `"${name}" is the ${accountRole} account, without which the organisation's events lead nowhere: it stays as long as the organisation does`,
    )
  }
  if (status !== 'CLOSED') return undefined
  return new RestError(409, 'account.closed', `the account "${name}" is closed already`)
}

function passes(account: Account, filter: AccountFilter): boolean {
  const { organisationId, status, accountType, organisationalUnitId, tag = [], text } = filter
  const is = <T>(wanted: T | undefined, found: T) => wanted === undefined || wanted === found
  const words = `${account.name} ${account.awsAccountId}`.toLowerCase()
  return (
    is(organisationId, account.organisationId) &&
    is(status, account.status) &&
    is(accountType, account.accountType) &&
    is<string | undefined>(organisationalUnitId, account.organisationalUnitId) &&
    tag.every((wanted) => hasTag(account.tags, wanted)) &&
    (text === undefined || words.includes(text.toLowerCase()))
  )
}

/** Keys may hold "=" too, so what is wanted is not taken apart. */
function hasTag(tags: Tags, wanted: string): boolean {
  return Object.entries(tags).some(([key, value]) => wanted === key || wanted === `${key}=${value}`)
}
