import { Type } from 'typebox'

import { AwsId, Uuid, category, id, outcome } from './event-type.ts'
import type { EventType } from './event-type.ts'

/**
 * What a company's own portal does to networks and workloads. The reference system names the
 * source `stax.networking`, and no event of it.
 */
export const PORTAL: readonly EventType[] = [
  ...resources('Networking', 'networking', ['Hub', 'Vpc', 'DnsResolver', 'VpnConnection']),
  ...resources('Workloads', 'workloads', ['Workload', 'WorkloadCatalogueItem']),
]

function resources(name: string, component: string, kinds: readonly string[]) {
  return category(
    name,
    component,
    kinds.flatMap((kind) =>
      (['Create', 'Update', 'Delete'] as const).map((verb) => ({
        name: `${kind}${verb}Event`,
        provenance: 'ours' as const,
        summary: `A ${kind} was ${verb.toLowerCase()}d.`,
        causes: [
          {
            action: 'POST /api/v1/tenancy-events, by a portal',
            permission: 'tenancy-events:Emit' as const,
          },
        ],
        fields: Type.Object({
          resourceId: Uuid,
          resourceName: Type.Optional(Type.String()),
          ...id(
            'awsAccountId',
            'aws-account',
            { accountName: 'name' },
            { schema: AwsId, optional: true },
          ),
          region: Type.Optional(Type.String()),
          ...outcome,
        }),
        example: {
          resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a',
          resourceName: 'shop',
          awsAccountId: '666677778888',
          accountName: 'web-shop',
          region: 'eu-west-1',
          status: 'SUCCESS',
        },
      })),
    ),
  )
}
