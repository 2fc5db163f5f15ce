import type { AccountId } from '#src/model/event.ts'
import type { State } from '#src/ports/state.ts'
import { CONTENTS, PLACES, SCHEMAS, SHAPES, ofAccountPrefix } from './documents.ts'

/** Contents of schemas are large. */
const REMOVED_AT_ONCE = 50

/** Takes away all registries, schemas and discoverers of an account in which nobody may act any more. */
export async function removeSchemasOf(state: State, account: AccountId): Promise<void> {
  // Discovery learns nothing where there is no discoverer, so these go first.
  for (const collection of [PLACES, SCHEMAS, SHAPES, CONTENTS]) {
    const page = { prefix: ofAccountPrefix(account), limit: REMOVED_AT_ONCE }
    for (;;) {
      const found = await state.list<unknown>(collection, page)
      if (found.length === 0) break
      await state.transact(async (transaction) => {
        for (const { key } of found) transaction.delete(collection, key)
      })
    }
  }
}
