import { Type } from 'typebox'

import { AccountType, AccountTypeName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import {
  Description,
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

export function addAccountTypeRoutes(add: AddRoute, { accountTypes }: Tenancy): void {
  const tag = 'account-types'
  add({
    method: 'POST',
    url: '/account-types',
    tag,
    summary: 'Create an account type; its name stays',
    permission: 'account-types:Write',
    body: Type.Object({
      organisationId: Id,
      name: AccountTypeName,
      description: Type.Optional(Description),
    }),
    answer: [201, ref(AccountType)],
    run: (caller, { body }) => accountTypes.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/account-types',
    tag,
    summary: 'List account types, with those that every organisation has',
    permission: 'account-types:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(AccountType)],
    run: async (caller, { query: { organisationId, ...query } }) =>
      page(await accountTypes.list(caller, { ...pageRequest(query), organisationId })),
  })
  add({
    method: 'GET',
    url: '/account-types/:id',
    tag,
    summary: 'Show an account type',
    permission: 'account-types:Read',
    params: IdParams,
    answer: [200, ref(AccountType)],
    run: (caller, { params }) => accountTypes.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/account-types/:id',
    tag,
    summary: 'Describe an account type anew, or disable it for further accounts',
    permission: 'account-types:Write',
    params: IdParams,
    body: Type.Object(
      {
        description: Type.Optional(Description),
        status: Type.Optional(Type.Enum(['ACTIVE', 'DISABLED'])),
      },
      { minProperties: 1 },
    ),
    answer: [200, ref(AccountType)],
    run: (caller, { params, body }) => accountTypes.update(caller, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/account-types/:id',
    tag,
    summary: 'Delete an account type that no account has',
    permission: 'account-types:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => accountTypes.remove(caller, params.id),
  })
}
