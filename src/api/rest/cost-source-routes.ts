import { Type } from 'typebox'

import type { CostSources } from '#src/costs/cost-sources.ts'
import { CostImport, CostSourceFrom, ExportName, TagKeys } from '#src/model/cost-import.ts'
import { CostSource, READ_EVERY_HOURS_DEFAULT, ReadEveryHours } from '#src/model/cost-source.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Id, IdParams, orNull, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addCostSourceRoutes(add: AddRoute, sources: CostSources): void {
  addNamedRoutes(add, {
    noun: 'cost-sources',
    permissions: 'costs',
    summaries: {
      create: `Read an export in S3 or in a folder of the hub again and again, every readEveryHours (default ${READ_EVERY_HOURS_DEFAULT})`,
      list: 'List cost sources, with what became of the last read',
      get: 'Show a cost source, with what became of the last read',
      update: 'Read a cost source from elsewhere, by other tag keys (null: all), or at other times',
      remove: 'Read a cost source no more; the costs that it brought stay',
    },
    schema: CostSource,
    given: Type.Object({
      organisationId: Id,
      exportName: ExportName,
      from: CostSourceFrom,
      tagKeys: Type.Optional(TagKeys),
      readEveryHours: Type.Optional(ReadEveryHours),
    }),
    change: Type.Object(
      {
        from: Type.Optional(CostSourceFrom),
        tagKeys: Type.Optional(orNull(TagKeys)),
        readEveryHours: Type.Optional(ReadEveryHours),
      },
      { minProperties: 1 },
    ),
    things: sources,
  })
  add({
    method: 'POST',
    url: '/cost-sources/:id/read',
    tag: 'cost-sources',
    summary: 'Read a cost source before its time',
    permission: 'costs:Write',
    params: IdParams,
    answer: [202, ref(CostImport)],
    run: (caller, { params: { id } }) => sources.read(caller, id),
  })
}
