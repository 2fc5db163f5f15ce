import { Type } from 'typebox'

import {
  Account,
  AccountRole,
  Alias,
  ApiToken,
  AwsAccountId,
  IngestKey,
  Organisation,
  RegionName,
  TokenName,
  TokenRole,
  User,
} from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { IdParams, PageQuery, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const Id = Type.String({ format: 'uuid' })
const Name = Type.String({ minLength: 1, maxLength: 128 })
const AccountName = Type.String({ minLength: 1, maxLength: 50 })
const AccountType = Type.String({ minLength: 1, maxLength: 64 })
const Regions = Type.Array(RegionName, { minItems: 1, maxItems: 64, uniqueItems: true })
const OfOrganisation = { organisationId: Type.Optional(Id) }

/** Refuses misspelt fields: a change that is silently ignored looks like one that was made. */
const exact = { additionalProperties: false }

export const TENANCY_SCHEMAS = [Organisation, Account, User, ApiToken, IngestKey]

export function addTenancyRoutes(add: AddRoute, tenancy: Tenancy): void {
  addOrganisationRoutes(add, tenancy)
  addAccountRoutes(add, tenancy)
  addApiTokenRoutes(add, tenancy)
  addIngestKeyRoutes(add, tenancy)
}

function addOrganisationRoutes(add: AddRoute, { organisations }: Tenancy): void {
  const tag = 'organisations'
  add({
    method: 'POST',
    url: '/organisations',
    tag,
    summary: 'Create an organisation, and its customer unless customerId names one',
    permission: 'organisations:Write',
    body: Type.Object(
      {
        name: Name,
        alias: Alias,
        installationRegion: RegionName,
        regions: Type.Optional(Regions),
        customerId: Type.Optional(Id),
        customerName: Type.Optional(Name),
      },
      exact,
    ),
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
    body: Type.Object({ name: Type.Optional(Name), regions: Type.Optional(Regions) }, exact),
    answer: [200, ref(Organisation)],
    run: (caller, { params, body }) => organisations.update(caller, params.id, body),
  })
}

function addAccountRoutes(add: AddRoute, { accounts }: Tenancy): void {
  const tag = 'accounts'
  add({
    method: 'POST',
    url: '/accounts',
    tag,
    summary: 'Take an AWS account under management',
    permission: 'accounts:Write',
    body: Type.Object(
      {
        organisationId: Id,
        awsAccountId: AwsAccountId,
        name: AccountName,
        accountRole: Type.Optional(AccountRole),
        accountType: Type.Optional(AccountType),
      },
      exact,
    ),
    answer: [201, ref(Account)],
    run: (caller, { body }) => accounts.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/accounts',
    tag,
    summary: 'List accounts',
    permission: 'accounts:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(Account)],
    run: async (caller, { query }) =>
      page(
        await accounts.list(caller, {
          ...pageRequest(query),
          organisationId: query.organisationId,
        }),
      ),
  })
  add({
    method: 'GET',
    url: '/accounts/:id',
    tag,
    summary: 'Show an account',
    permission: 'accounts:Read',
    params: IdParams,
    answer: [200, ref(Account)],
    run: (caller, { params }) => accounts.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/accounts/:id',
    tag,
    summary: 'Change the name or type of an account',
    permission: 'accounts:Write',
    params: IdParams,
    body: Type.Object(
      { name: Type.Optional(AccountName), accountType: Type.Optional(AccountType) },
      { ...exact, minProperties: 1 },
    ),
    answer: [200, ref(Account)],
    run: (caller, { params, body }) => accounts.update(caller, params.id, body),
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
