import { Type } from 'typebox'

import type { CostSources } from '#src/costs/cost-sources.ts'
import { CostImport, CostSourceFrom, ExportName, TagKeys } from '#src/model/cost-import.ts'
import { CostSource, READ_EVERY_HOURS_DEFAULT, ReadEveryHours } from '#src/model/cost-source.ts'
import {
  Id,
  IdParams,
  OfOrganisation,
  PageQuery,
  page,
  pageRequest,
  pageSchema,
  ref,
} from './route.ts'
import type { AddRoute } from './route.ts'

export function addCostSourceRoutes(add: AddRoute, sources: CostSources): void {
  const tag = 'cost-sources'
  const permission = 'costs:Write'
  const params = IdParams
  add({
    method: 'POST',
    url: '/cost-sources',
    tag,
    summary: `Read an export in S3 or in a folder of the hub again and again, every readEveryHours (default ${READ_EVERY_HOURS_DEFAULT})`,
    permission,
    body: Type.Object({
      organisationId: Id,
      exportName: ExportName,
      from: CostSourceFrom,
      tagKeys: Type.Optional(TagKeys),
      readEveryHours: Type.Optional(ReadEveryHours),
    }),
    answer: [201, ref(CostSource)],
    run: (caller, { body }) => sources.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/cost-sources',
    tag,
    summary: 'List cost sources, with what became of the last read',
    permission: 'costs:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(CostSource)],
    run: async (caller, { query }) => {
      const { organisationId } = query
      return page(await sources.list(caller, { ...pageRequest(query), organisationId }))
    },
  })
  add({
    method: 'GET',
    url: '/cost-sources/:id',
    tag,
    summary: 'Show a cost source, with what became of the last read',
    permission: 'costs:Read',
    params,
    answer: [200, ref(CostSource)],
    run: (caller, { params: { id } }) => sources.get(caller, id),
  })
  add({
    method: 'PATCH',
    url: '/cost-sources/:id',
    tag,
    summary: 'Read a cost source from elsewhere, by other tag keys (null: all), or at other times',
    permission,
    params,
    body: Type.Object({
      from: Type.Optional(CostSourceFrom),
      tagKeys: Type.Optional(Type.Union([TagKeys, Type.Null()])),
      readEveryHours: Type.Optional(ReadEveryHours),
    }),
    answer: [200, ref(CostSource)],
    run: (caller, { params: { id }, body }) => sources.update(caller, id, body),
  })
  add({
    method: 'DELETE',
    url: '/cost-sources/:id',
    tag,
    summary: 'Read a cost source no more; the costs that it brought stay',
    permission,
    params,
    answer: [204],
    run: (caller, { params: { id } }) => sources.remove(caller, id),
  })
  add({
    method: 'POST',
    url: '/cost-sources/:id/read',
    tag,
    summary: 'Read a cost source before its time',
    permission,
    params,
    answer: [202, ref(CostImport)],
    run: (caller, { params: { id } }) => sources.read(caller, id),
  })
}
