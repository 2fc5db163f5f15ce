import type { AccountId } from '#src/model/event.ts'
import type { State } from '#src/ports/state.ts'
import { setTimer } from '#src/schedules/timers.ts'
import { GROUPS, GROUP_COUNTS, GROUP_TIMERS, accountPrefix } from './documents.ts'
import { dropSchedules } from './scheduler-timers.ts'

/** Takes away all schedules and groups of an account in which nobody may act any more. */
export async function removeSchedulesOf(state: State, account: AccountId): Promise<void> {
  const all = { prefix: accountPrefix(account), limit: Number.MAX_SAFE_INTEGER }
  await dropSchedules(state, all.prefix)
  const groups = await state.list(GROUPS, all)
  const counts = await state.list(GROUP_COUNTS, all)
  await state.transact(async (transaction) => {
    for (const { key } of groups) {
      transaction.delete(GROUPS, key)
      await setTimer(transaction, `${GROUP_TIMERS}|${key}`, undefined)
    }
    for (const { key } of counts) transaction.delete(GROUP_COUNTS, key)
  })
}
