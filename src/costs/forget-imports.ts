import { setImmediate as nextTurn } from 'node:timers/promises'

import { COST_IMPORT_KEPT_DAYS } from '#src/model/cost-import.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { deletedPeriods } from './deleted-periods.ts'
import { COST_IMPORTS, deleteImport } from './import-documents.ts'

export interface ForgetPorts {
  readonly state: State
  readonly costs: Pick<CostStore, 'periods'>
  readonly clock: Clock
}

const IMPORTS_PER_READ = 500
const KEPT_MS = COST_IMPORT_KEPT_DAYS * 24 * 60 * 60_000

/**
 * Forgets imports that ended long ago. Those stay whose billing periods are still what they brought:
 * people look up where costs come from, and the same files again are known by them. So do those of
 * billing periods that were deleted, for as long as a source must not bring them back.
 */
export async function forgetImports({ state, costs, clock }: ForgetPorts): Promise<void> {
  const before = clock.now() - KEPT_MS
  const inUse = new Map<string, ReadonlySet<string>>()
  let after: string | undefined
  for (;;) {
    const some = await state.list(COST_IMPORTS, {
      limit: IMPORTS_PER_READ,
      ...(after !== undefined && { after }),
    })
    const old = some.filter(({ value: { endedAt } }) => endedAt !== undefined && endedAt < before)
    for (const { organisationId } of old.map(({ value }) => value)) {
      if (inUse.has(organisationId)) continue
      const periods = await costs.periods(organisationId)
      const deleted = await deletedPeriods(state, `${organisationId}|`)
      inUse.set(organisationId, new Set([...periods, ...deleted].map(({ importId }) => importId)))
    }
    const gone = old.filter(({ key, value }) => !inUse.get(value.organisationId)?.has(key))
    await state.transact(async (transaction) => {
      for (const { value } of gone) deleteImport(transaction, value)
    })
    const last = some.at(-1)
    // Ids are in the order of time: what begins later ends later too.
    if (some.length < IMPORTS_PER_READ || last === undefined || last.value.createdAt >= before) {
      return
    }
    after = last.key
    await nextTurn()
  }
}
