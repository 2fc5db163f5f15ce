import { Type } from 'typebox'

import { OrganisationalUnit, OrganisationalUnitName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import {
  Id,
  IdParams,
  OfOrganisation,
  PageQuery,
  orNull,
  page,
  pageRequest,
  pageSchema,
  ref,
} from './route.ts'
import type { AddRoute } from './route.ts'

export function addOrganisationalUnitRoutes(
  add: AddRoute,
  { organisationalUnits: units }: Tenancy,
): void {
  const tag = 'organisational-units'
  const write = 'organisational-units:Write'
  add({
    method: 'POST',
    url: '/organisational-units',
    tag,
    summary: 'Create an organisational unit, directly below the root or in another unit',
    permission: write,
    body: Type.Object({
      organisationId: Id,
      name: OrganisationalUnitName,
      parentId: Type.Optional(Id),
    }),
    answer: [201, ref(OrganisationalUnit)],
    run: (caller, { body }) => units.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/organisational-units',
    tag,
    summary: 'List organisational units; parentId makes them a tree',
    permission: 'organisational-units:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(OrganisationalUnit)],
    run: async (caller, { query }) =>
      page(
        await units.list(caller, { ...pageRequest(query), organisationId: query.organisationId }),
      ),
  })
  add({
    method: 'GET',
    url: '/organisational-units/:id',
    tag,
    summary: 'Show an organisational unit',
    permission: 'organisational-units:Read',
    params: IdParams,
    answer: [200, ref(OrganisationalUnit)],
    run: (caller, { params }) => units.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/organisational-units/:id',
    tag,
    summary: 'Rename an organisational unit, or move it with all that is in it',
    permission: write,
    params: IdParams,
    body: Type.Object(
      { name: Type.Optional(OrganisationalUnitName), parentId: Type.Optional(orNull(Id)) },
      { minProperties: 1 },
    ),
    answer: [200, ref(OrganisationalUnit)],
    run: (caller, { params, body }) => units.update(caller, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/organisational-units/:id',
    tag,
    summary: 'Delete an empty organisational unit',
    permission: write,
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => units.remove(caller, params.id),
  })
}
