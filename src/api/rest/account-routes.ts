import { Type } from 'typebox'

import {
  Account,
  AccountName,
  AccountRole,
  AccountStatus,
  AccountTypeName,
  AwsAccountId,
  GivenTags,
} from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, OfOrganisation, StartedTask, orNull, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const TAG_FILTERS_MAX = 10
/** A key, "=" and a value. */
const TAG_FILTER_CHARACTERS_MAX = 128 + 1 + 256

const Filter = {
  ...OfOrganisation,
  status: Type.Optional(AccountStatus),
  accountType: Type.Optional(AccountTypeName),
  organisationalUnitId: Type.Optional(Id),
  tag: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: TAG_FILTER_CHARACTERS_MAX }), {
      maxItems: TAG_FILTERS_MAX,
      description: 'The key of a tag, or key=value; given several times: all of them',
    }),
  ),
  text: Type.Optional(
    Type.String({ maxLength: 64, description: 'Part of the name or of the AWS account id' }),
  ),
}

export function addAccountRoutes(add: AddRoute, { accounts }: Tenancy): void {
  const tag = 'accounts'
  add({
    method: 'POST',
    url: '/accounts',
    tag,
    summary: 'Take an AWS account under management',
    permission: 'accounts:Write',
    body: Type.Object({
      organisationId: Id,
      awsAccountId: AwsAccountId,
      name: AccountName,
      accountRole: Type.Optional(AccountRole),
      accountType: Type.Optional(AccountTypeName),
      organisationalUnitId: Type.Optional(Id),
      tags: Type.Optional(GivenTags),
    }),
    answer: [201, ref(Account)],
    run: (caller, { body }) => accounts.create(caller, body),
  })
  addList(add, {
    url: '/accounts',
    tag,
    summary: 'List accounts: those that pass all filters',
    permission: 'accounts:Read',
    filter: Filter,
    item: Account,
    list: (caller, asked) => accounts.list(caller, asked),
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
    summary: 'Rename, tag or move an account, or give it another type',
    permission: 'accounts:Write',
    params: IdParams,
    body: Type.Object(
      {
        name: Type.Optional(AccountName),
        accountType: Type.Optional(AccountTypeName),
        tags: Type.Optional(GivenTags),
        organisationalUnitId: Type.Optional(orNull(Id)),
      },
      { minProperties: 1 },
    ),
    answer: [200, ref(Account)],
    run: (caller, { params, body }) => accounts.update(caller, params.id, body),
  })
  add({
    method: 'POST',
    url: '/accounts/:id/onboard',
    tag,
    summary: 'Take a discovered account under management',
    permission: 'accounts:Write',
    params: IdParams,
    body: Type.Object({
      accountRole: Type.Optional(AccountRole),
      accountType: Type.Optional(AccountTypeName),
    }),
    answer: [200, ref(Account)],
    run: (caller, { params, body }) => accounts.onboard(caller, params.id, body),
  })
  add({
    method: 'POST',
    url: '/accounts/:id/close',
    tag,
    summary: 'End the management of an account; its event buses and rules go',
    permission: 'accounts:Write',
    params: IdParams,
    answer: [202, StartedTask],
    run: (caller, { params }) => accounts.close(caller, params.id),
  })
}
