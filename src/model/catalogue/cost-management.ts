import { Type } from 'typebox'

import { Uuid, category, outcome } from './event-type.ts'

const write = (action: string) => ({ action, permission: 'costs:Write' as const })

const OfImport = {
  costImportId: Uuid,
  exportName: Type.String(),
  kind: Type.Enum(['upload', 's3', 'folder']),
  location: Type.Optional(
    Type.String({ description: 'Such as s3://bucket/prefix; uploads have none' }),
  ),
  costSourceId: Type.Optional({ ...Uuid, description: 'Of the source that was read' }),
}
const IMPORT_EXAMPLE = {
  costImportId: '0194f0e2-5a3c-7b11-9d0e-3b4c5d6e7f81',
  exportName: 'focus-daily',
  kind: 's3',
  location: 's3://acme-bills/exports',
}

export const COST_MANAGEMENT = category('CostManagement', 'costs', [
  ...(
    [
      ['Create', 'POST /api/v1/cost-sources', 'is read from now on'],
      ['Update', 'PATCH /api/v1/cost-sources/:id', 'is read from elsewhere or at other times'],
      ['Delete', 'DELETE /api/v1/cost-sources/:id', 'is read no more'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `CostSource${verb}Event`,
    provenance: 'ours' as const,
    summary: `An export that tells of costs ${done}.`,
    causes: [write(action)],
    fields: Type.Object({
      costSourceId: Uuid,
      exportName: Type.String(),
      kind: Type.Enum(['s3', 'folder']),
      location: Type.String({ description: 'Such as s3://bucket/prefix' }),
      readEveryHours: Type.Integer(),
      ...outcome,
    }),
    example: {
      costSourceId: '0194f0e2-5a3c-7b11-9d0e-3b4c5d6e7f80',
      exportName: 'focus-daily',
      kind: 's3',
      location: 's3://acme-bills/exports',
      readEveryHours: 6,
      status: 'SUCCESS',
    },
  })),
  {
    name: 'CostImportStartEvent',
    provenance: 'ours',
    summary:
      'Somebody started an import of costs. A source that is read because its time has come tells of no start.',
    causes: [
      write('POST /api/v1/cost-imports'),
      write('POST /api/v1/cost-imports/:id/start'),
      write('POST /api/v1/cost-sources/:id/read'),
    ],
    fields: Type.Object({ ...OfImport, ...outcome }),
    example: { ...IMPORT_EXAMPLE, status: 'SUCCESS' },
  },
  {
    name: 'CostImportCancelEvent',
    provenance: 'ours',
    summary: 'An import of costs was cancelled: it ends, and billing periods stay as they were.',
    causes: [write('DELETE /api/v1/cost-imports/:id')],
    fields: Type.Object({ ...OfImport, ...outcome }),
    example: { ...IMPORT_EXAMPLE, status: 'SUCCESS' },
  },
  {
    name: 'CostImportEndEvent',
    provenance: 'ours',
    summary:
      'An import of costs ended by itself. That a source, read because its time had come, has nothing new is not told.',
    causes: [{ action: 'The files were read, or could not be' }],
    fields: Type.Object({
      ...OfImport,
      result: Type.Enum(['done', 'unchanged', 'failed'], {
        description: 'unchanged: this state of the export was imported before',
      }),
      months: Type.Optional(
        Type.Array(Type.String(), { description: 'The billing periods that it replaced' }),
      ),
      rowsRead: Type.Optional(Type.Integer()),
      rowsSkipped: Type.Optional(Type.Integer()),
      ...outcome,
    }),
    example: {
      ...IMPORT_EXAMPLE,
      result: 'done',
      months: ['2026-01'],
      rowsRead: 120_000,
      rowsSkipped: 0,
      status: 'SUCCESS',
    },
  },
  {
    name: 'CostPeriodDeleteEvent',
    provenance: 'ours',
    summary: 'The costs of a billing period of an export were deleted.',
    causes: [write('DELETE /api/v1/cost-periods/:month')],
    fields: Type.Object({
      exportName: Type.String(),
      month: Type.String({ description: 'The billing period, such as 2026-01' }),
      costImportId: { ...Uuid, description: 'Of the import that brought them' },
      ...outcome,
    }),
    example: {
      exportName: 'focus-daily',
      month: '2026-01',
      costImportId: IMPORT_EXAMPLE.costImportId,
      status: 'SUCCESS',
    },
  },
])
