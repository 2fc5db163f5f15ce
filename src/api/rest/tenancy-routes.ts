import { Type } from 'typebox'

import { AwsOrganizationSettings } from '#src/model/aws-organization.ts'
import { ServiceState } from '#src/model/service-state.ts'
import { Task } from '#src/model/task.ts'
import {
  Account,
  AccountType,
  ApiToken,
  Customer,
  Email,
  Group,
  IngestKey,
  Organisation,
  OrganisationalUnit,
  User,
  UserRole,
} from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addAccountRoutes } from './account-routes.ts'
import { addAccountTypeRoutes } from './account-type-routes.ts'
import { addCustomerRoutes } from './customer-routes.ts'
import { addDiscoveryRoutes } from './discovery-routes.ts'
import { addGroupRoutes } from './group-routes.ts'
import { addOrganisationRoutes } from './organisation-routes.ts'
import { addOrganisationalUnitRoutes } from './organisational-unit-routes.ts'
import { addServiceRoutes } from './service-routes.ts'
import { addTaskRoutes } from './task-routes.ts'
import {
  Id,
  IdParams,
  OfOrganisation,
  PageQuery,
  exact,
  page,
  pageRequest,
  pageSchema,
  ref,
} from './route.ts'
import type { AddRoute } from './route.ts'

const PersonName = Type.String({ maxLength: 64 })
/** Twelve characters, and an end so that hashing stays bounded. */
const Password = Type.String({ minLength: 12, maxLength: 256 })

export const TENANCY_SCHEMAS = [
  Customer,
  Organisation,
  OrganisationalUnit,
  AccountType,
  Account,
  User,
  Group,
  ApiToken,
  IngestKey,
  ServiceState,
  Task,
  AwsOrganizationSettings,
]

export function addTenancyRoutes(add: AddRoute, tenancy: Tenancy): void {
  addCustomerRoutes(add, tenancy)
  addOrganisationRoutes(add, tenancy)
  addOrganisationalUnitRoutes(add, tenancy)
  addAccountTypeRoutes(add, tenancy)
  addAccountRoutes(add, tenancy)
  addGroupRoutes(add, tenancy)
  addServiceRoutes(add, tenancy)
  addDiscoveryRoutes(add, tenancy)
  addTaskRoutes(add, tenancy)
  addUserRoutes(add, tenancy)
}

function addUserRoutes(add: AddRoute, { users }: Tenancy): void {
  const tag = 'users'
  add({
    method: 'POST',
    url: '/users',
    tag,
    summary: 'Create a user',
    permission: 'users:Write',
    body: Type.Object(
      {
        organisationId: Id,
        email: Email,
        firstName: PersonName,
        lastName: PersonName,
        role: UserRole,
        password: Type.Optional(Password),
      },
      exact,
    ),
    answer: [201, ref(User)],
    run: (caller, { body }) => users.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/users',
    tag,
    summary: 'List users',
    permission: 'users:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(User)],
    run: async (caller, { query }) =>
      page(
        await users.list(caller, { ...pageRequest(query), organisationId: query.organisationId }),
      ),
  })
  add({
    method: 'GET',
    url: '/users/:id',
    tag,
    summary: 'Show a user',
    permission: 'users:Read',
    params: IdParams,
    answer: [200, ref(User)],
    run: (caller, { params }) => users.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/users/:id',
    tag,
    summary: "Change a user's names, role, status or password",
    permission: 'users:Write',
    params: IdParams,
    body: Type.Object(
      {
        firstName: Type.Optional(PersonName),
        lastName: Type.Optional(PersonName),
        role: Type.Optional(UserRole),
        status: Type.Optional(Type.Enum(['ACTIVE', 'DISABLED'])),
        password: Type.Optional(Password),
      },
      { ...exact, minProperties: 1 },
    ),
    answer: [200, ref(User)],
    run: (caller, { params, body }) => users.update(caller, params.id, body),
  })
}
