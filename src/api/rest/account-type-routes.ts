import { Type } from 'typebox'

import { AccountType, AccountTypeName } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Description, Id } from './route.ts'
import type { AddRoute } from './route.ts'

export function addAccountTypeRoutes(add: AddRoute, { accountTypes }: Tenancy): void {
  addNamedRoutes(add, {
    noun: 'account-types',
    summaries: {
      create: 'Create an account type; its name stays',
      list: 'List account types, with those that every organisation has',
      get: 'Show an account type',
      update: 'Describe an account type anew, or disable it for further accounts',
      remove: 'Delete an account type that no account has',
    },
    schema: AccountType,
    given: Type.Object({
      organisationId: Id,
      name: AccountTypeName,
      description: Type.Optional(Description),
    }),
    change: Type.Object(
      {
        description: Type.Optional(Description),
        status: Type.Optional(Type.Enum(['ACTIVE', 'DISABLED'])),
      },
      { minProperties: 1 },
    ),
    things: accountTypes,
  })
}
