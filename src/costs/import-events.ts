import type { CostImportFrom } from '#src/model/cost-import.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Happening, Initiator } from '#src/tenancy/actions.ts'
import type { StoredCostImport } from './import-documents.ts'

/** What the tenancy's events say of an import. */
export function happeningTo(costImport: StoredCostImport): Happening {
  const { id, organisationId, exportName, from, sourceId } = costImport
  const location = locationOf(from)
  const fields = {
    costImportId: id,
    exportName,
    kind: from.kind,
    ...(location !== undefined && { location }),
    ...(sourceId !== undefined && { costSourceId: sourceId }),
  }
  return { organisationId, fields }
}

/** The same of one that has ended by itself. */
export function endOf(costImport: StoredCostImport): Happening {
  const { status, error, report } = costImport
  const { organisationId, fields } = happeningTo(costImport)
  const brought = report && {
    rowsRead: report.rowsRead,
    rowsSkipped: report.rowsSkipped,
    months: report.periods.map(({ month }) => month),
  }
  const failure = error !== undefined && {
    status: 'FAILED',
    errorCode: 'cost-import.failed',
    message: error,
  }
  return { organisationId, fields: { ...fields, result: status, ...brought, ...failure } }
}

/** Undefined for uploads. */
export function locationOf(from: CostImportFrom): string | undefined {
  if (from.kind === 'upload') return undefined
  return from.kind === 's3' ? `s3://${from.bucket}/${from.prefix}` : from.path
}

/** Who asked for an import, for whom its end is told. */
export function initiatorOf({ userId, accessKeyId, traceContext }: Principal): Initiator {
  return {
    ...(userId !== undefined && { userId }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    ...(traceContext !== undefined && { traceContext }),
  }
}
