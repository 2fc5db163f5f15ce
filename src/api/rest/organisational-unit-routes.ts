import { Type } from 'typebox'

import { OrganisationalUnit, OrganisationalUnitName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Id, orNull } from './route.ts'
import type { AddRoute } from './route.ts'

export function addOrganisationalUnitRoutes(add: AddRoute, { organisationalUnits }: Tenancy): void {
  addNamedRoutes(add, {
    noun: 'organisational-units',
    summaries: {
      create: 'Create an organisational unit, directly below the root or in another unit',
      list: 'List organisational units; parentId makes them a tree',
      get: 'Show an organisational unit',
      update: 'Rename an organisational unit, or move it with all that is in it',
      remove: 'Delete an empty organisational unit',
    },
    schema: OrganisationalUnit,
    given: Type.Object({
      organisationId: Id,
      name: OrganisationalUnitName,
      parentId: Type.Optional(Id),
    }),
    change: Type.Object(
      { name: Type.Optional(OrganisationalUnitName), parentId: Type.Optional(orNull(Id)) },
      { minProperties: 1 },
    ),
    things: organisationalUnits,
  })
}
