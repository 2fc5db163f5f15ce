import type { AccountId } from '#src/model/event.ts'
import type { State } from '#src/ports/state.ts'
import { API_DESTINATIONS, CONNECTIONS, COUNTS, accountPrefix } from './documents.ts'

const REMOVED_AT_ONCE = 100

/** Takes away all API destinations and connections of an account in which nobody may act any more. */
export async function removeConnectionsOf(state: State, account: AccountId): Promise<void> {
  const page = { prefix: accountPrefix(account), limit: REMOVED_AT_ONCE }
  for (const collection of [API_DESTINATIONS, CONNECTIONS, COUNTS]) {
    for (;;) {
      const found = await state.list<unknown>(collection, page)
      if (found.length === 0) break
      await state.transact(async (transaction) => {
        for (const { key } of found) transaction.delete(collection, key)
      })
    }
  }
}
