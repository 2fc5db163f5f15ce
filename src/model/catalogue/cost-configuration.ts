import type { TProperties } from 'typebox'
import { Type } from 'typebox'

import type { Permission } from '#src/model/principal.ts'
import type { EventType } from './event-type.ts'
import { Uuid, outcome } from './event-type.ts'

/** What costs are looked at by: its making, its changes and its end. */

const ShortId = Type.Integer({ minimum: 1, description: 'The short id' })

const VERBS = [
  ['Create', 'POST', 'made'],
  ['Update', 'PATCH', 'changed'],
  ['Delete', 'DELETE', 'deleted'],
] as const

interface Configured {
  /** In names of events: `View`. */
  readonly name: string
  /** In fields: `view`. */
  readonly field: string
  readonly path: string
  readonly what: string
  readonly permission: Permission
  readonly fields?: TProperties
  readonly example?: Readonly<Record<string, unknown>>
}

const CONFIGURED: readonly Configured[] = [
  {
    name: 'View',
    field: 'view',
    path: 'views',
    what: 'A view, which parts costs and resources into segments,',
    permission: 'views:Write',
    fields: { viewVersion: Type.Integer({ minimum: 1, description: 'Counts its edits' }) },
    example: { viewVersion: 3 },
  },
  {
    name: 'Budget',
    field: 'budget',
    path: 'budgets',
    what: 'A budget',
    permission: 'budgets:Write',
  },
  {
    name: 'SpikeDetector',
    field: 'spikeDetector',
    path: 'spike-detectors',
    what: 'A detector of cost spikes',
    permission: 'spike-detectors:Write',
  },
  {
    name: 'Notification',
    field: 'notification',
    path: 'notifications',
    what: 'A notification, which says who is told of which alerts,',
    permission: 'notifications:Write',
  },
]

export const COST_CONFIGURATION: readonly Omit<EventType, 'category' | 'component' | 'version'>[] =
  CONFIGURED.flatMap(({ name, field, path, what, permission, fields = {}, example = {} }) =>
    VERBS.map(([verb, method, done]) => ({
      name: `${name}${verb}Event`,
      provenance: 'ours' as const,
      summary: `${what} was ${done}.`,
      causes: [
        { action: `${method} /api/v1/${path}${method === 'POST' ? '' : '/:id'}`, permission },
      ],
      fields: Type.Object({
        [`${field}Id`]: Uuid,
        [`${field}Number`]: ShortId,
        [`${field}Name`]: Type.String(),
        ...fields,
        ...(verb === 'Update' && {
          changed: Type.Array(Type.String(), { description: 'Names of what changed of it' }),
        }),
        ...outcome,
      }),
      example: {
        [`${field}Id`]: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0001',
        [`${field}Number`]: 12,
        [`${field}Name`]: 'Cost centres',
        ...example,
        ...(verb === 'Update' && { changed: ['name'] }),
        status: 'SUCCESS',
      },
    })),
  )
