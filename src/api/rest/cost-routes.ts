import { Type } from 'typebox'

import type { CostImports } from '#src/costs/cost-imports.ts'
import {
  COST_IMPORT_KEPT_DAYS,
  CostImport,
  CostImportFrom,
  CostPeriodText,
  CostTotalText,
  ExportName,
  FileName,
  MonthText,
  TagKeys,
} from '#src/model/cost-import.ts'
import { DayText } from '#src/model/day.ts'
import { SUM_DIMENSIONS } from '#src/ports/cost-store.ts'
import type { SumDimension } from '#src/ports/cost-store.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const PART_BYTES_MAX_TEXT = '8 MiB'

const Text = Type.String()
/** The dimensions that were asked for, and what all of them cost. */
const Sum = Type.Object({
  ...CostTotalText.properties,
  ...(Object.fromEntries(
    SUM_DIMENSIONS.map((name) => [name, Type.Optional(Type.String())]),
  ) as unknown as Record<SumDimension, ReturnType<typeof Type.Optional<typeof Text>>>),
})

export function addCostRoutes(add: AddRoute, costs: CostImports): void {
  addImportRoutes(add, costs)
  addUploadRoutes(add, costs)
  const tag = 'costs'
  addList(add, {
    url: '/cost-periods',
    tag,
    summary: 'List the billing periods that there are costs of, with totals by currency',
    permission: 'costs:Read',
    filter: OfOrganisation,
    item: CostPeriodText,
    list: (caller, asked) => costs.periods(caller, asked),
  })
  add({
    method: 'DELETE',
    url: '/cost-periods/:month',
    tag,
    summary:
      'Take away the costs of a billing period of an export; its source brings them back only when the bill changes',
    permission: 'costs:Write',
    params: Type.Object({ month: MonthText }),
    query: Type.Object({ organisationId: Id, exportName: ExportName }),
    answer: [204],
    run: (caller, { params, query }) => costs.removePeriod(caller, { ...query, ...params }),
  })
  add({
    method: 'GET',
    url: '/cost-sums',
    tag,
    summary:
      'Sum up costs, for each currency and each combination of dimensions: by date where that is one, then the greatest first',
    permission: 'costs:Read',
    query: Type.Object({
      organisationId: Id,
      from: DayText,
      to: { ...DayText, description: 'Belongs to it' },
      by: Type.Optional(
        Type.Unsafe<SumDimension | readonly SumDimension[]>({
          anyOf: [
            { type: 'string', enum: [...SUM_DIMENSIONS] },
            { type: 'array', items: { type: 'string', enum: [...SUM_DIMENSIONS] } },
          ],
          description: 'What to sum up by; given again for more than one',
        }),
      ),
    }),
    answer: [200, Type.Object({ items: Type.Array(Sum) })],
    run: async (caller, { query: { by = [], ...asked } }) => ({
      items: await costs.sums(caller, { ...asked, by: [...new Set([by].flat())] }),
    }),
  })
}

function addImportRoutes(add: AddRoute, costs: CostImports): void {
  const tag = 'cost-imports'
  add({
    method: 'POST',
    url: '/cost-imports',
    tag,
    summary:
      'Import costs: FOCUS 1.0 or later, or an AWS Cost and Usage Report, in CSV (plain, gzip, zip) or Parquet; of an upload the files come next',
    permission: 'costs:Write',
    body: Type.Object({
      organisationId: Id,
      exportName: ExportName,
      from: CostImportFrom,
      tagKeys: Type.Optional(TagKeys),
    }),
    answer: [201, ref(CostImport)],
    run: (caller, { body }) => costs.create(caller, body),
  })
  addList(add, {
    url: '/cost-imports',
    tag,
    summary: `List cost imports, by organisation and the newest first; they are kept for ${COST_IMPORT_KEPT_DAYS} days after their end, and longer while costs are what they brought`,
    permission: 'costs:Read',
    filter: OfOrganisation,
    item: CostImport,
    list: (caller, asked) => costs.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/cost-imports/:id',
    tag,
    summary: 'Show a cost import: how far it is, and at its end what it read, skipped and replaced',
    permission: 'costs:Read',
    params: IdParams,
    answer: [200, ref(CostImport)],
    run: (caller, { params }) => costs.get(caller, params.id),
  })
  add({
    method: 'DELETE',
    url: '/cost-imports/:id',
    tag,
    summary: 'Cancel a cost import that has not ended: billing periods stay as they were',
    permission: 'costs:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => costs.cancel(caller, params.id),
  })
}

/**
 * A file is sent in parts, each a request with a signature of its own: a signature covers the whole
 * body, which the hub would have to hold, and a request must not take longer than a minute.
 */
function addUploadRoutes(add: AddRoute, costs: CostImports): void {
  const tag = 'cost-imports'
  add({
    method: 'PUT',
    url: '/cost-imports/:id/files/:name',
    tag,
    summary: `Add up to ${PART_BYTES_MAX_TEXT} (application/octet-stream) to a file of an upload, which has offset bytes already`,
    permission: 'costs:Write',
    params: Type.Object({ ...IdParams.properties, name: FileName }),
    query: Type.Object({ offset: Type.Integer({ minimum: 0 }) }),
    takesBytes: true,
    answer: [200, Type.Object({ bytes: Type.Integer({ description: 'What the file has now' }) })],
    run: (caller, { params: { id, name }, query: { offset }, body }) => {
      const bytes = body instanceof Uint8Array ? body : undefined
      return costs.addPart(caller, id, { name, offset, bytes })
    },
  })
  add({
    method: 'POST',
    url: '/cost-imports/:id/start',
    tag,
    summary: 'Start the import of an upload, whose files are all there',
    permission: 'costs:Write',
    params: IdParams,
    answer: [202, ref(CostImport)],
    run: (caller, { params }) => costs.start(caller, params.id),
  })
}
