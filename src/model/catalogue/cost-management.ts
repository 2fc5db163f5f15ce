import { Type } from 'typebox'

import { Uuid, category, outcome } from './event-type.ts'

export const COST_MANAGEMENT = category(
  'CostManagement',
  'costs',
  (
    [
      ['Create', 'POST /api/v1/cost-sources', 'is read from now on'],
      ['Update', 'PATCH /api/v1/cost-sources/:id', 'is read from elsewhere or at other times'],
      ['Delete', 'DELETE /api/v1/cost-sources/:id', 'is read no more'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `CostSource${verb}Event`,
    provenance: 'ours' as const,
    summary: `An export that tells of costs ${done}.`,
    causes: [{ action, permission: 'costs:Write' as const }],
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
)
