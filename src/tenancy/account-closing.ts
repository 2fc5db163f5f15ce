import { RestError } from '#src/errors.ts'
import { hasEnded } from '#src/model/task.ts'
import type { Account } from '#src/model/tenancy.ts'
import type { Ids } from '#src/ports/ids.ts'
import { pause } from '#src/ports/patiently.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { leaveType } from './account-type-documents.ts'
import { keepAccount } from './account-steps.ts'
import type { Initiator, Step } from './actions.ts'
import { ACCOUNTS, AWS_ACCOUNTS, UNMANAGED_AWS_ACCOUNTS } from './documents.ts'
import { removeSourcesOf } from './event-source-documents.ts'
import { leaveUnit } from './organisational-unit-documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { TaskWork } from './task-runner.ts'
import { TASKS, startTask } from './tasks.ts'
import { removeWebhookSecretsOf } from './webhook-secret-documents.ts'

export interface ClosingPorts extends Pick<OrganisationPorts, 'state' | 'wiring' | 'actions'> {
  /** Resolves once all events recorded so far have met the rules of their buses. */
  readonly routed: (signal: AbortSignal) => Promise<void>
}

/** A call that was let in just before the account was closed has recorded its events by then. */
const LAST_CALLS_END_WITHIN_MS = 1_000

/**
 * Starts the task that closes an account, or answers the one under way. The account takes no
 * events from now on.
 */
export async function beginClosing(
  step: Step,
  ids: Ids,
  account: Account,
  initiator: Initiator | undefined,
): Promise<{ readonly taskId: string }> {
  const { transaction, now } = step
  const underWay = await closingTaskOf(transaction, account)
  if (underWay !== undefined) return { taskId: underWay }
  const { id, organisationId, awsAccountId } = account
  transaction.delete(AWS_ACCOUNTS, awsAccountId)
  transaction.put(UNMANAGED_AWS_ACCOUNTS, awsAccountId, id)
  const input = { accountId: id }
  const started = startTask(step, ids, { initiator, organisationId, kind: 'CLOSE_ACCOUNT', input })
  transaction.put(ACCOUNTS, id, { ...account, closingTaskId: started.taskId, modifiedAt: now })
  return started
}

/** The task under way that closes an account. */
export async function closingTaskOf(
  transaction: StateTransaction,
  { closingTaskId }: Account,
): Promise<string | undefined> {
  const task = closingTaskId === undefined ? undefined : await transaction.get(TASKS, closingTaskId)
  return task === undefined || hasEnded(task) ? undefined : task.id
}

/**
 * Ends the management of an account that takes no events any more. Its rules go only when the
 * events that came before have met them, so that each is still forwarded; its deliveries and dead
 * letters stay. Done again after a crash, it goes on where it was.
 */
export function createAccountClosing({ state, wiring, actions, routed }: ClosingPorts) {
  return async (work: TaskWork): Promise<void> => {
    const { accountId } = work.input as { readonly accountId: string }
    const account = await state.get(ACCOUNTS, accountId)
    if (account === undefined || account.status === 'CLOSED') return
    if (account.status !== 'DISCOVERED') {
      work.log(`waiting until the last events of ${account.awsAccountId} have met its rules`)
      await pause(LAST_CALLS_END_WITHIN_MS, work.signal)
      await routed(work.signal)
      work.signal.throwIfAborted()
      await refuseManaged(accountId, await state.get(AWS_ACCOUNTS, account.awsAccountId))
      await wiring.unwireAccount(account)
      work.log(`removed the event buses and rules of ${account.awsAccountId}`)
    }
    await actions.perform(work.initiator, async (step) => {
      const { transaction, now } = step
      const before = await transaction.get(ACCOUNTS, accountId)
      if (before === undefined || before.status === 'CLOSED') return
      const { organisationId, awsAccountId } = before
      await refuseManaged(accountId, await transaction.get(AWS_ACCOUNTS, awsAccountId))
      step.tell('AccountCloseEvent', { organisationId, fields: { accountId } })
      await removeSourcesOf(state, step, awsAccountId)
      await removeWebhookSecretsOf(state, step, awsAccountId)
      transaction.delete(UNMANAGED_AWS_ACCOUNTS, awsAccountId)
      await leaveType(step, organisationId, before.accountType)
      await leaveUnit(step, before.organisationalUnitId)
      const { organisationalUnitId: _, closingTaskId: __, ...rest } = before
      const closed = { ...rest, status: 'CLOSED', assuranceState: 'NONE', modifiedAt: now } as const
      await keepAccount(step, closed, before)
      work.complete(transaction, { accountId, awsAccountId })
    })
  }
}

async function refuseManaged(accountId: string, managed: string | undefined): Promise<void> {
  if (managed !== accountId) return
  throw new RestError(
    409,
    'account.onboarded',
    `the account "${accountId}" was taken under management meanwhile: close it again if that is meant`,
  )
}
