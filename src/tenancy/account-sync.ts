import { RestError } from '#src/errors.ts'
import type { Account } from '#src/model/tenancy.ts'
import { AwsOrganizationFault } from '#src/ports/aws-organization.ts'
import type { AwsAccount, AwsOrganization, AwsOrganizations } from '#src/ports/aws-organization.ts'
import { beginClosing, closingTaskOf } from './account-closing.ts'
import { typeForRole } from './account-type-documents.ts'
import { addDiscovered, changeAccount, fieldsOfNew, onboard } from './account-steps.ts'
import { toldOnceDone } from './actions.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  UNMANAGED_AWS_ACCOUNTS,
  foundationKey,
  isOf,
  listAll,
} from './documents.ts'
import { AWS_ORGANIZATIONS, accessOf } from './discovery.ts'
import type { StoredSettings } from './discovery.ts'
import type { KeptUnits } from './organisational-units.ts'
import { namesOf } from './organisations.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { TaskWork } from './task-runner.ts'
import { keepUnits, removeGoneUnits } from './unit-sync.ts'
import type { UnitIds } from './unit-sync.ts'
import type { Vault } from './vault.ts'

export interface AccountSyncPorts extends OrganisationPorts {
  readonly vault: Vault
  readonly awsOrganizations: AwsOrganizations
  readonly units: KeptUnits
}

/** What AWS Organizations was found to have, and how it is to be taken. */
interface Found {
  readonly settings: StoredSettings
  readonly organization: AwsOrganization
  readonly unitIds: UnitIds
  /** Accounts of ours by AWS account id, with those that were closed. */
  readonly ours: ReadonlyMap<string, readonly Account[]>
}

type Outcome = 'discovered' | 'updated' | 'closed' | 'same'

/**
 * Brings accounts and organisational units in step with AWS Organizations: what AWS lists comes or
 * changes here; what AWS does not list is reported and stays.
 */
export function createAccountSync(ports: AccountSyncPorts) {
  const { state, actions } = ports
  return async (work: TaskWork): Promise<void> => {
    const { organisationId } = work
    const settings = await state.get(AWS_ORGANIZATIONS, organisationId)
    if (settings === undefined) return
    const organization = await readOrFail(ports, work, settings)
    const { accounts, units } = organization
    work.log(`AWS lists ${accounts.length} accounts in ${units.length} organizational units`)
    const total = accounts.length + units.length
    const unitIds = await keepUnits(work, ports.units, units)
    work.report(units.length, total)
    const ours = await accountsByAwsId(ports, organisationId)
    const found = { settings, organization, unitIds, ours }
    const counts = { discovered: 0, updated: 0, closed: 0, same: 0 }
    for (const [index, account] of accounts.entries()) {
      work.signal.throwIfAborted()
      counts[await keepPatiently(ports, work, found, account)] += 1
      work.report(units.length + index + 1, total)
    }
    await removeGoneUnits(work, ports.units, units)
    const missing = reportMissing(work, found)
    await actions.perform(work.initiator, async ({ transaction, now, tell }) => {
      const { discovered, updated, closed } = counts
      const result = { discovered, updated, closed, missing }
      tell('AccountSyncEvent', { organisationId, fields: { taskId: work.id, ...result } })
      const last = await transaction.get(AWS_ORGANIZATIONS, organisationId)
      if (last) transaction.put(AWS_ORGANIZATIONS, organisationId, { ...last, lastSyncAt: now })
      work.complete(transaction, result)
    })
  }
}

/** Reads AWS Organizations; where that fails, the event says so and the task ends. */
async function readOrFail(
  { actions, awsOrganizations, vault }: AccountSyncPorts,
  work: TaskWork,
  settings: StoredSettings,
): Promise<AwsOrganization> {
  let failure: RestError
  try {
    return await awsOrganizations.read(accessOf(vault, settings), work.signal)
  } catch (error) {
    if (error instanceof RestError) failure = error
    else if (!(error instanceof AwsOrganizationFault)) throw error
    else failure = new RestError(409, 'aws-organization.unreadable', error.message)
  }
  const { organisationId, id: taskId } = work
  return actions.perform(work.initiator, async ({ tell }) => {
    const nothing = { discovered: 0, updated: 0, closed: 0, missing: 0 }
    tell('AccountSyncEvent', { organisationId, fields: { taskId, ...nothing } })
    throw failure
  })
}

async function accountsByAwsId({ state }: AccountSyncPorts, organisationId: string) {
  const all = await listAll(state, ACCOUNTS, isOf(organisationId))
  return Map.groupBy(all, ({ awsAccountId }) => awsAccountId)
}

/** One account that is refused does not stop the others. */
async function keepPatiently(
  ports: AccountSyncPorts,
  work: TaskWork,
  found: Found,
  listed: AwsAccount,
): Promise<Outcome> {
  try {
    return await keepOne(ports, work, found, listed)
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    work.log(`account ${listed.awsAccountId} was left as it is: ${error.message}`)
    return 'same'
  }
}

async function keepOne(
  ports: AccountSyncPorts,
  work: TaskWork,
  found: Found,
  listed: AwsAccount,
): Promise<Outcome> {
  const { state } = ports
  const managedId = await state.get(AWS_ACCOUNTS, listed.awsAccountId)
  const id = managedId ?? (await state.get(UNMANAGED_AWS_ACCOUNTS, listed.awsAccountId))
  const known = id === undefined ? undefined : await state.get(ACCOUNTS, id)
  if (known === undefined) return discover(ports, work, found, listed)
  if (known.organisationId !== work.organisationId) {
    work.log(`account ${listed.awsAccountId} belongs to another organisation of this hub`)
    return 'same'
  }
  if (listed.state === 'CLOSED' && known.accountRole === 'MEMBER') {
    return close(ports, work, known)
  }
  // About to be closed: there is a task for that.
  if (managedId === undefined && known.status !== 'DISCOVERED') return 'same'
  const outcome = await update(ports, work, known, wantedOf(known, listed, found))
  if (known.status === 'DISCOVERED')
    await onboardIfWished(ports, work, found, { id: known.id, listed })
  return outcome
}

async function discover(
  ports: AccountSyncPorts,
  work: TaskWork,
  found: Found,
  listed: AwsAccount,
): Promise<Outcome> {
  const { actions, ids, state } = ports
  const { organisationId } = work
  if (listed.state !== 'ACTIVE' && listed.state !== 'PENDING_ACTIVATION') {
    work.log(`account ${listed.awsAccountId} is ${listed.state} in AWS and was never known here`)
    return 'same'
  }
  const isManagement = listed.awsAccountId === found.organization.managementAccountId
  const roleKey = foundationKey(organisationId, 'MANAGEMENT')
  const roleTaken = (await state.get(FOUNDATION_ACCOUNTS, roleKey)) !== undefined
  const accountRole = isManagement && !roleTaken ? 'MANAGEMENT' : 'MEMBER'
  const unitId = placeOf(found, listed)
  const account = await actions.perform(work.initiator, async (step) => {
    const discovered: Account = {
      id: ids.timeOrderedUuid(step.now),
      organisationId,
      awsAccountId: listed.awsAccountId,
      name: nameOf(listed),
      accountRole,
      accountType: typeForRole(accountRole, undefined),
      ...(typeof unitId === 'string' && { organisationalUnitId: unitId }),
      tags: tagsOf(listed),
      status: 'DISCOVERED',
      assuranceState: 'NONE',
      createdAt: step.now,
      modifiedAt: step.now,
    }
    step.tell('AccountDiscoverEvent', { organisationId, fields: fieldsOfNew(discovered) })
    return addDiscovered(step, discovered)
  })
  await onboardIfWished(ports, work, found, { id: account.id, listed })
  return 'discovered'
}

/** An account that was closed here comes back only when somebody onboards it. */
async function onboardIfWished(
  { actions, wiring }: AccountSyncPorts,
  work: TaskWork,
  { settings, ours }: Found,
  { id, listed }: { readonly id: string; readonly listed: AwsAccount },
): Promise<void> {
  const wasClosed = ours.get(listed.awsAccountId)?.some(({ status }) => status === 'CLOSED')
  if (!settings.onboard || listed.state !== 'ACTIVE' || wasClosed) return
  const onboarded = await actions.perform(work.initiator, async (step) => {
    const before = await step.transaction.get(ACCOUNTS, id)
    if (before?.status !== 'DISCOVERED') return undefined
    if ((await closingTaskOf(step.transaction, before)) !== undefined) return undefined
    return toldOnceDone(step, (quiet) => onboard(quiet, before, before))
  })
  if (onboarded === undefined) return
  await wiring.wireAccount(onboarded)
  work.log(`account ${listed.awsAccountId} was onboarded`)
}

async function close(
  { actions, ids }: AccountSyncPorts,
  work: TaskWork,
  { id, awsAccountId }: Account,
): Promise<Outcome> {
  const begun = await actions.perform(work.initiator, async (step) => {
    const account = await step.transaction.get(ACCOUNTS, id)
    if (account === undefined) return false
    if ((await closingTaskOf(step.transaction, account)) !== undefined) return false
    await beginClosing(step, ids, account, work.initiator)
    return true
  })
  if (!begun) return 'same'
  work.log(`account ${awsAccountId} is CLOSED in AWS: a task closes it here`)
  return 'closed'
}

/** Makes of an account what AWS has of it. */
async function update(
  { actions }: AccountSyncPorts,
  work: TaskWork,
  known: Account,
  wanted: Parameters<typeof changeAccount>[2],
): Promise<Outcome> {
  if (namesOf(wanted, known).length === 0) return 'same'
  await actions.perform(work.initiator, async (step) => {
    const before = (await step.transaction.get(ACCOUNTS, known.id)) ?? known
    await toldOnceDone(step, (quiet) => changeAccount(quiet, before, wanted))
  })
  return 'updated'
}

function wantedOf(known: Account, listed: AwsAccount, found: Found) {
  return {
    name: nameOf(listed),
    tags: tagsOf(listed),
    organisationalUnitId: placeOf(found, listed),
    status: statusOf(known, listed),
  }
}

/** A foundation account that AWS has closed stays, as the organisation's events need it. */
function statusOf(known: Account, { state }: AwsAccount): Account['status'] {
  if (known.status === 'DISCOVERED' || state === 'PENDING_ACTIVATION') return known.status
  return state === 'ACTIVE' ? 'ACTIVE' : 'SUSPENDED'
}

/** Under management here, but not in AWS's list: never deleted, only told. */
function reportMissing(work: TaskWork, { organization, ours }: Found): number {
  const listed = new Set(organization.accounts.map(({ awsAccountId }) => awsAccountId))
  const missing = [...ours.values()]
    .flat()
    .filter(({ awsAccountId, status }) => status !== 'CLOSED' && !listed.has(awsAccountId))
  for (const { awsAccountId, name } of missing) {
    work.log(`account ${awsAccountId} ("${name}") is not in AWS Organizations`)
  }
  return missing.length
}

const ACCOUNT_NAME_CHARACTERS_MAX = 50

function nameOf({ name }: AwsAccount): string {
  return name.slice(0, ACCOUNT_NAME_CHARACTERS_MAX)
}

/** Without those that AWS itself sets. */
function tagsOf({ tags }: AwsAccount): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !/^aws:/i.test(key)))
}

/**
 * The unit of ours that AWS has an account in; null: directly below the root. undefined where that
 * unit could not be made here: then the account stays where it is.
 */
function placeOf({ unitIds }: Found, { unitId }: AwsAccount): string | null | undefined {
  return unitId === undefined ? null : unitIds.get(unitId)
}
