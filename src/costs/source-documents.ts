import type { CostSource } from '#src/model/cost-source.ts'
import type { Ids } from '#src/ports/ids.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Initiator } from '#src/tenancy/actions.ts'
import { COST_IMPORTS, deleteImport, isQueued, putImport } from './import-documents.ts'
import type { StoredCostImport } from './import-documents.ts'

export interface StoredCostSource extends Omit<CostSource, 'last'> {
  readonly lastImportId?: string
}

/** By organisation and export, of which each is read from one place only. */
export const COST_SOURCES = collection<StoredCostSource>('cost-sources')
/** By id; holds the key. */
export const COST_SOURCE_IDS = collection<string>('cost-source-ids')

const MS_PER_HOUR = 3_600_000

export function costSourceKey({
  organisationId,
  exportName,
}: Pick<CostSource, 'organisationId' | 'exportName'>): string {
  return sourcesPrefix(organisationId) + exportName
}

export function sourcesPrefix(organisationId: string): string {
  return `${organisationId}|`
}

/** When a source is read again that was read now. */
export function readAfter(now: number, readEveryHours: number): number {
  return now + readEveryHours * MS_PER_HOUR
}

interface BeginReadOptions {
  readonly now: number
  readonly ids: Pick<Ids, 'timeOrderedUuid'>
  /** Absent: its time has come. */
  readonly initiator?: Initiator
}

/**
 * Begins to read a source, unless that is under way. Of its former reads those stay that brought
 * something.
 */
export async function beginRead(
  transaction: StateTransaction,
  source: StoredCostSource,
  { now, ids, initiator }: BeginReadOptions,
): Promise<StoredCostImport | undefined> {
  const { id: sourceId, organisationId, exportName, from, tagKeys, lastImportId } = source
  const last =
    lastImportId === undefined ? undefined : await transaction.get(COST_IMPORTS, lastImportId)
  if (last !== undefined && isQueued(last.status)) return undefined
  if (last !== undefined && last.status !== 'done') deleteImport(transaction, last)
  const begun: StoredCostImport = {
    id: ids.timeOrderedUuid(now),
    organisationId,
    exportName,
    from,
    ...(tagKeys !== undefined && { tagKeys }),
    sourceId,
    status: 'waiting',
    createdAt: now,
    ...(initiator !== undefined && { initiator }),
  }
  putImport(transaction, begun)
  const nextReadAt = readAfter(now, source.readEveryHours)
  transaction.put(COST_SOURCES, costSourceKey(source), {
    ...source,
    nextReadAt,
    lastImportId: begun.id,
  })
  return begun
}
