import { Type } from 'typebox'

import { Alias, Name, Organisation, RegionName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, ref } from './route.ts'
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
  addList(add, {
    url: '/organisations',
    tag,
    summary: 'List organisations',
    permission: 'organisations:Read',
    item: Organisation,
    list: (caller, asked) => organisations.list(caller, asked),
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
    body: Type.Object(
      { name: Type.Optional(Name), regions: Type.Optional(Regions) },
      { minProperties: 1 },
    ),
    answer: [200, ref(Organisation)],
    run: (caller, { params, body }) => organisations.update(caller, params.id, body),
  })
}
