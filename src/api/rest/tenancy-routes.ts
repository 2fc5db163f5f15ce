import { Type } from 'typebox'

import {
  Account,
  AccountRole,
  Alias,
  AwsAccountId,
  Email,
  Organisation,
  RegionName,
  User,
  UserRole,
} from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { IdParams, PageQuery, exact, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const Id = Type.String({ format: 'uuid' })
const Name = Type.String({ minLength: 1, maxLength: 128 })
const AccountName = Type.String({ minLength: 1, maxLength: 50 })
const AccountType = Type.String({ minLength: 1, maxLength: 64 })
const PersonName = Type.String({ maxLength: 64 })
/** Twelve characters, and an end so that hashing stays bounded. */
const Password = Type.String({ minLength: 12, maxLength: 256 })
const Regions = Type.Array(RegionName, { minItems: 1, maxItems: 64, uniqueItems: true })
const OfOrganisation = { organisationId: Type.Optional(Id) }

export const TENANCY_SCHEMAS = [Organisation, Account, User]

export function addTenancyRoutes(add: AddRoute, tenancy: Tenancy): void {
  addOrganisationRoutes(add, tenancy)
  addAccountRoutes(add, tenancy)
  addUserRoutes(add, tenancy)
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
