import { Type } from 'typebox'
import type { Static } from 'typebox'

import { COST_IMPORT_STATUSES, CostSourceFrom, ExportName, TagKeys } from './cost-import.ts'
import type { CostImportStatus } from './cost-import.ts'
import { Id, Instant } from './tenancy.ts'

export const READ_EVERY_HOURS_DEFAULT = 6
/** AWS restates a bill up to three times a day; a week later it is another month's, or nobody's. */
const READ_EVERY_HOURS_MAX = 168

export const ReadEveryHours = Type.Integer({
  minimum: 1,
  maximum: READ_EVERY_HOURS_MAX,
  description: 'How often it is looked whether costs changed',
})

/** What became of the last read. */
const LastRead = Type.Object({
  importId: Id,
  status: Type.Unsafe<CostImportStatus>({ type: 'string', enum: [...COST_IMPORT_STATUSES] }),
  error: Type.Optional(Type.String()),
  rowsRead: Type.Optional(Type.Integer()),
  startedAt: Instant,
  endedAt: Type.Optional(Instant),
})

/** Where an export is read from again and again. */
export const CostSource = Type.Object(
  {
    id: Id,
    organisationId: Id,
    exportName: ExportName,
    from: CostSourceFrom,
    tagKeys: Type.Optional(TagKeys),
    readEveryHours: ReadEveryHours,
    nextReadAt: Instant,
    last: Type.Optional(LastRead),
    createdAt: Instant,
  },
  { $id: 'CostSource' },
)
export type CostSource = Static<typeof CostSource>
