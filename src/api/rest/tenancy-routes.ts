import { Type } from 'typebox'

import { AwsOrganizationSettings } from '#src/model/aws-organization.ts'
import { ServiceState } from '#src/model/service-state.ts'
import { Task } from '#src/model/task.ts'
import {
  Account,
  AccountType,
  ApiToken,
  AwsAccountId,
  Customer,
  Email,
  Group,
  IngestKey,
  Organisation,
  OrganisationalUnit,
  TokenName,
  TokenRole,
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
  addApiTokenRoutes(add, tenancy)
  addIngestKeyRoutes(add, tenancy)
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

function addApiTokenRoutes(add: AddRoute, { apiTokens }: Tenancy): void {
  const tag = 'api-tokens'
  add({
    method: 'POST',
    url: '/api-tokens',
    tag,
    summary: 'Create an API token; its secret is shown once',
    permission: 'api-tokens:Write',
    body: Type.Object(
      {
        organisationId: Id,
        name: TokenName,
        description: Type.Optional(Type.String({ maxLength: 1_024 })),
        role: TokenRole,
        awsAccountId: Type.Optional(AwsAccountId),
      },
      exact,
    ),
    answer: [201, Type.Object({ ...ApiToken.properties, secretAccessKey: Type.String() })],
    run: (caller, { body }) => apiTokens.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/api-tokens',
    tag,
    summary: 'List API tokens',
    permission: 'api-tokens:Read',
    query: Type.Object(PageQuery),
    answer: [200, pageSchema(ApiToken)],
    run: async (caller, { query }) => page(await apiTokens.list(caller, pageRequest(query))),
  })
  add({
    method: 'DELETE',
    url: '/api-tokens/:id',
    tag,
    summary: 'Delete an API token by its access key; sessions made with it end too',
    permission: 'api-tokens:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => apiTokens.remove(caller, params.id),
  })
}

function addIngestKeyRoutes(add: AddRoute, { ingestKeys }: Tenancy): void {
  const tag = 'ingest-keys'
  add({
    method: 'POST',
    url: '/ingest-keys',
    tag,
    summary: 'Create a key for POST /ingest/aws; it is shown once',
    permission: 'ingest-keys:Write',
    body: Type.Object({ organisationId: Id, name: TokenName }, exact),
    answer: [201, Type.Object({ ...IngestKey.properties, key: Type.String() })],
    run: (caller, { body }) => ingestKeys.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/ingest-keys',
    tag,
    summary: 'List ingest keys',
    permission: 'ingest-keys:Read',
    query: Type.Object(PageQuery),
    answer: [200, pageSchema(IngestKey)],
    run: async (caller, { query }) => page(await ingestKeys.list(caller, pageRequest(query))),
  })
  add({
    method: 'DELETE',
    url: '/ingest-keys/:id',
    tag,
    summary: 'Delete an ingest key',
    permission: 'ingest-keys:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => ingestKeys.remove(caller, params.id),
  })
}
