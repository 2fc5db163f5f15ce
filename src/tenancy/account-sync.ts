import { RestError } from '#src/errors.ts'
import type { Account } from '#src/model/tenancy.ts'
import { AwsOrganizationFault } from '#src/ports/aws-organization.ts'
import type { AwsAccount, AwsOrganization, AwsOrganizations } from '#src/ports/aws-organization.ts'
import { typeForRole } from './account-type-documents.ts'
import { addDiscovered, changeAccount, fieldsOfNew, onboard } from './account-steps.ts'
import {
  ACCOUNTS,
  AWS_ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  UNMANAGED_AWS_ACCOUNTS,
  foundationKey,
  listAccepted,
} from './documents.ts'
import { AWS_ORGANIZATIONS, accessOf } from './discovery.ts'
import type { StoredSettings } from './discovery.ts'
import type { KeptUnits } from './organisational-units.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { TaskWork } from './task-runner.ts'
import { startTask } from './tasks.ts'
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
    await actions.perform(work.actor, async ({ transaction, now, tell }) => {
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
  return actions.perform(work.actor, async ({ tell }) => {
    const nothing = { discovered: 0, updated: 0, closed: 0, missing: 0 }
    tell('AccountSyncEvent', { organisationId, fields: { taskId, ...nothing } })
    throw failure
  })
}

async function accountsByAwsId({ state }: AccountSyncPorts, organisationId: string) {
  const { items } = await listAccepted(state, ACCOUNTS, {
    limit: Number.MAX_SAFE_INTEGER,
    accept: (account) => account.organisationId === organisationId,
  })
  return Map.groupBy(items, ({ awsAccountId }) => awsAccountId)
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
  // About to be closed: there is a task for that.
  if (managedId === undefined && known.status !== 'DISCOVERED') return 'same'
  if (listed.state === 'CLOSED' && known.accountRole === 'MEMBER') {
    return close(ports, work, known)
  }
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
  const unitId = unitIdOf(found, listed)
  const account = await actions.perform(work.actor, async (step) => {
    const discovered: Account = {
      id: ids.timeOrderedUuid(step.now),
      organisationId,
      awsAccountId: listed.awsAccountId,
      name: nameOf(listed),
      accountRole,
      accountType: typeForRole(accountRole, undefined),
      ...(unitId !== undefined && { organisationalUnitId: unitId }),
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
  { actions, state, wiring }: AccountSyncPorts,
  work: TaskWork,
  { settings, ours }: Found,
  { id, listed }: { readonly id: string; readonly listed: AwsAccount },
): Promise<void> {
  const wasClosed = ours.get(listed.awsAccountId)?.some(({ status }) => status === 'CLOSED')
  if (!settings.onboard || listed.state !== 'ACTIVE' || wasClosed) return
  const { organisationId } = work
  const onboarded = await actions.perform(work.actor, async (step) => {
    const before = await step.transaction.get(ACCOUNTS, id)
    if (before?.status !== 'DISCOVERED') return undefined
    step.tell('AccountOnboardEvent', { organisationId, fields: { accountId: id } })
    return onboard(step, before, before)
  })
  if (onboarded !== undefined) await wiring.wireAccount(onboarded)
  const account = await state.get(ACCOUNTS, id)
  work.log(`account ${account?.awsAccountId} was onboarded`)
}

async function close(
  { actions, ids }: AccountSyncPorts,
  work: TaskWork,
  { id, awsAccountId, organisationId }: Account,
): Promise<Outcome> {
  await actions.perform(work.actor, async (step) => {
    step.transaction.delete(AWS_ACCOUNTS, awsAccountId)
    step.transaction.put(UNMANAGED_AWS_ACCOUNTS, awsAccountId, id)
    const { actor } = work
    const input = { accountId: id }
    startTask(step, ids, { actor, organisationId, kind: 'CLOSE_ACCOUNT', input })
  })
  work.log(`account ${awsAccountId} is CLOSED in AWS: a task closes it here`)
  return 'closed'
}

type Wanted = ReturnType<typeof wantedOf>

/** What of an account is not as AWS has it. */
function wantedOf(known: Account, listed: AwsAccount, found: Found) {
  const name = nameOf(listed)
  const tags = tagsOf(listed)
  const unitId = unitIdOf(found, listed)
  const status = statusOf(known, listed)
  const sameTags = sortedText(tags) === sortedText(known.tags)
  return {
    ...(name !== known.name && { name }),
    ...(!sameTags && { tags }),
    ...(unitId !== known.organisationalUnitId && { organisationalUnitId: unitId ?? null }),
    ...(status !== known.status && { status }),
  }
}

async function update(
  { actions }: AccountSyncPorts,
  work: TaskWork,
  known: Account,
  wanted: Wanted,
): Promise<Outcome> {
  const changed = Object.keys(wanted)
  if (changed.length === 0) return 'same'
  await actions.perform(work.actor, async (step) => {
    const before = (await step.transaction.get(ACCOUNTS, known.id)) ?? known
    const { organisationId, id: accountId } = known
    step.tell('AccountUpdateEvent', { organisationId, fields: { accountId, changed } })
    await changeAccount(step, before, wanted)
  })
  return 'updated'
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

function unitIdOf({ unitIds }: Found, { unitId }: AwsAccount): string | undefined {
  return unitId === undefined ? undefined : unitIds.get(unitId)
}

function sortedText(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
