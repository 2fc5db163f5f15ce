import { Type } from 'typebox'

import { Uuid, category, outcome } from './event-type.ts'

const Scope = Type.Object({
  checkedBy: Type.Optional(Type.String()),
  ruleId: Type.Optional(Type.String()),
  resourceId: Type.Optional(Type.String()),
  awsAccountId: Type.Optional(Type.String()),
  tag: Type.Optional(Type.Object({ key: Type.String(), value: Type.Optional(Type.String()) })),
})

const write = (action: string) => [{ action, permission: 'compliance:Write' as const }]

const UPLOADS = ['POST /api/v1/compliance/bundles', 'POST /api/v1/compliance/tag-policies'] as const

export const COMPLIANCE_CONFIGURATION = category('CostAndCompliance', 'cost-compliance', [
  ...(
    [
      ['Create', 'made', write('POST /api/v1/compliance/exceptions')],
      ['Delete', 'deleted', write('DELETE /api/v1/compliance/exceptions/:id')],
      ['Expire', 'over', [{ action: 'Its time came' }]],
    ] as const
  ).map(([verb, done, causes]) => ({
    name: `ComplianceException${verb}Event`,
    provenance: 'ours' as const,
    summary: `An exception, for which failures of compliance are not told, was ${done}.`,
    causes: [...causes],
    fields: Type.Object({
      exceptionId: Uuid,
      scope: Scope,
      reason: Type.String(),
      until: Type.String({ format: 'date-time' }),
      ...outcome,
    }),
    example: {
      exceptionId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0006',
      scope: { ruleId: 'S3.1', awsAccountId: '111122223333' },
      reason: 'A public web site.',
      until: '2026-06-30T00:00:00.000Z',
      status: 'SUCCESS',
    },
  })),
  ...(
    [
      ['Create', 'uploaded', UPLOADS],
      ['Update', 'uploaded in another version', UPLOADS],
      ['Delete', 'deleted', ['DELETE /api/v1/compliance/bundles/:name']],
      ['Enable', 'enabled, or given other settings', ['PUT /api/v1/compliance/bundles/:name']],
      ['Disable', 'disabled', ['PUT /api/v1/compliance/bundles/:name']],
    ] as const
  ).map(([verb, done, actions]) => ({
    name: `ComplianceBundle${verb}Event`,
    provenance: 'ours' as const,
    summary: `A bundle of compliance rules was ${done}.`,
    causes: actions.flatMap(write),
    fields: Type.Object({
      bundle: Type.String(),
      version: Type.String(),
      deselected: Type.Optional(
        Type.Array(Type.String(), { description: 'Ids of rules that are left out' }),
      ),
      ...outcome,
    }),
    example: { bundle: 'tagging', version: '1.0.0', status: 'SUCCESS' },
  })),
])
