import { Type } from 'typebox'

import { Alias, Name, Organisation, RegionName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { Id, IdParams, PageQuery, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const Regions = Type.Array(RegionName, { minItems: 1, maxItems: 64, uniqueItems: true })

export function addOrganisationRoutes(add: AddRoute, { organisations }: Tenancy): void {
  const tag = 'organisations'
  add({
    method: 'POST',
    url: '/organisations',
    tag,
    summary: 'Create an organisation, and its customer unless customerId names one',
    permission: 'organisations:Write',
    body: Type.Object({
      name: Name,
      alias: Alias,
      installationRegion: RegionName,
      regions: Type.Optional(Regions),
      customerId: Type.Optional(Id),
      customerName: Type.Optional(Name),
    }),
    answer: [201, ref(Organisation)],
    run: (caller, { body }) => organisations.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/organisations',
    tag,
    summary: 'List organisations',
    permission: 'organisations:Read',
    query: Type.Object(PageQuery),
    answer: [200, pageSchema(Organisation)],
    run: async (caller, { query }) => page(await organisations.list(caller, pageRequest(query))),
  })
  add({
    method: 'GET',
    url: '/organisations/:id',
    tag,
    summary: 'Show an organisation',
    permission: 'organisations:Read',
    params: IdParams,
    answer: [200, ref(Organisation)],
    run: (caller, { params }) => organisations.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/organisations/:id',
    tag,
    summary: 'Rename an organisation or enable regions',
    permission: 'organisations:Write',
    params: IdParams,
    body: Type.Object({ name: Type.Optional(Name), regions: Type.Optional(Regions) }),
    answer: [200, ref(Organisation)],
    run: (caller, { params, body }) => organisations.update(caller, params.id, body),
  })
}
