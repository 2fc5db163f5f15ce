import { RestError } from '#src/errors.ts'
import { pause } from '#src/ports/patiently.ts'
import { leaveType } from './account-type-documents.ts'
import { keepAccount } from './account-steps.ts'
import { ACCOUNTS, AWS_ACCOUNTS, UNMANAGED_AWS_ACCOUNTS } from './documents.ts'
import { removeSourcesOf } from './event-source-documents.ts'
import { leaveUnit } from './organisational-unit-documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { TaskWork } from './task-runner.ts'

export interface ClosingPorts extends Pick<OrganisationPorts, 'state' | 'wiring' | 'actions'> {
  /** Resolves once all events recorded so far have met the rules of their buses. */
  readonly routed: (signal: AbortSignal) => Promise<void>
}

/** A call that was let in just before the account was closed has recorded its events by then. */
const LAST_CALLS_END_WITHIN_MS = 1_000

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
    await actions.perform(work.actor, async (step) => {
      const { transaction, now } = step
      const before = await transaction.get(ACCOUNTS, accountId)
      if (before === undefined || before.status === 'CLOSED') return
      const { organisationId, awsAccountId } = before
      await refuseManaged(accountId, await transaction.get(AWS_ACCOUNTS, awsAccountId))
      step.tell('AccountCloseEvent', { organisationId, fields: { accountId } })
      await removeSourcesOf(state, step, awsAccountId)
      transaction.delete(UNMANAGED_AWS_ACCOUNTS, awsAccountId)
      await leaveType(step, organisationId, before.accountType)
      await leaveUnit(step, before.organisationalUnitId)
      const { organisationalUnitId: _, ...rest } = before
      keepAccount(step, { ...rest, status: 'CLOSED', assuranceState: 'NONE', modifiedAt: now })
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
