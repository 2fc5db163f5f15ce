import type { CostPeriod } from '#src/model/cost.ts'
import type { CostExport, CostStore } from '#src/ports/cost-store.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { COST_SOURCES, COST_SOURCE_IDS, costSourceKey } from './source-documents.ts'

/**
 * A billing period that was deleted. The note is written with the tenancy's event, before the costs
 * are taken away, so that a crash between the two takes them away later. Where a source tells of the
 * period the note stays: what was deleted is not brought back before its bill changes.
 */
export interface DeletedPeriod
  extends CostExport, Pick<CostPeriod, 'month' | 'execution' | 'importId'> {
  /** Of the export's source; absent where it had none. */
  readonly sourceId?: string
  /** Its costs are gone. */
  readonly isRemoved?: true
}

/** By organisation, export and month. */
const DELETED_PERIODS = collection<DeletedPeriod>('deleted-cost-periods')

export interface DeletedPeriodPorts {
  readonly state: State
  readonly costs: Pick<CostStore, 'periods' | 'removePeriod'>
}

/** Notes in the transaction of the action that a billing period is to go. */
export async function noteDeleted(
  transaction: StateTransaction,
  { organisationId, exportName, month, execution, importId }: CostPeriod,
): Promise<DeletedPeriod> {
  const of = { organisationId, exportName }
  const source = await transaction.get(COST_SOURCES, costSourceKey(of))
  const sourceId = source === undefined ? {} : { sourceId: source.id }
  const deleted: DeletedPeriod = { ...of, month, execution, importId, ...sourceId }
  transaction.put(DELETED_PERIODS, keyOf(deleted), deleted)
  return deleted
}

/** Takes the costs of a deleted billing period away, but not those that came meanwhile. */
export async function takeAway(
  { state, costs }: DeletedPeriodPorts,
  deleted: DeletedPeriod,
): Promise<void> {
  await costs.removePeriod(deleted)
  await state.transact(async (transaction) => {
    const key = keyOf(deleted)
    const noted = await transaction.get(DELETED_PERIODS, key)
    if (noted?.importId !== deleted.importId) return
    if (noted.sourceId === undefined) transaction.delete(DELETED_PERIODS, key)
    else transaction.put(DELETED_PERIODS, key, { ...noted, isRemoved: true })
  })
}

/** Takes away what a crash, or a full disk, left of deleted billing periods. */
export async function takeAwayRest(ports: DeletedPeriodPorts): Promise<void> {
  for (const deleted of await deletedPeriods(ports.state)) {
    if (deleted.isRemoved === undefined) await takeAway(ports, deleted)
  }
}

/** What was deleted of an export since its source told of it. */
export async function deletedOf(
  state: Pick<State, 'list'>,
  { organisationId, exportName }: CostExport,
  sourceId: string | undefined,
): Promise<readonly DeletedPeriod[]> {
  if (sourceId === undefined) return []
  const all = await deletedPeriods(state, `${organisationId}|${exportName}|`)
  return all.filter((each) => each.sourceId === sourceId)
}

/** Forgets notes of sources that are gone, and of billing periods that there are again. */
export async function forgetDeleted({ state, costs }: DeletedPeriodPorts): Promise<void> {
  for (const deleted of await deletedPeriods(state)) {
    const { sourceId, isRemoved, organisationId, exportName, month } = deleted
    if (sourceId === undefined || isRemoved === undefined) continue
    const hasSource = (await state.get(COST_SOURCE_IDS, sourceId)) !== undefined
    const periods = await costs.periods(organisationId, exportName)
    if (hasSource && periods.every((period) => period.month !== month)) continue
    await state.transact(async (transaction) => {
      const noted = await transaction.get(DELETED_PERIODS, keyOf(deleted))
      if (noted?.isRemoved) transaction.delete(DELETED_PERIODS, keyOf(deleted))
    })
  }
}

/** Of all organisations, or those whose key has the prefix. */
export async function deletedPeriods(
  state: Pick<State, 'list'>,
  prefix = '',
): Promise<readonly DeletedPeriod[]> {
  const all = await state.list(DELETED_PERIODS, { prefix, limit: Number.MAX_SAFE_INTEGER })
  return all.map(({ value }) => value)
}

function keyOf({ organisationId, exportName, month }: DeletedPeriod): string {
  return `${organisationId}|${exportName}|${month}`
}
