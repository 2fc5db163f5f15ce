import { Type } from 'typebox'

import { ApiToken, AwsAccountId, OnlyAccounts, TokenName, TokenRole } from '#src/model/tenancy.ts'
import type { ApiTokens } from '#src/tenancy/api-tokens.ts'
import { OVERLAP_HOURS_DEFAULT, OverlapHours, overlapMs } from './overlap.ts'
import { addList } from './list-route.ts'
import { Description, Id, IdParams, Instant, OfOrganisation, orNull, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const WithSecret = Type.Object({ ...ApiToken.properties, secretAccessKey: Type.String() })

export function addApiTokenRoutes(add: AddRoute, apiTokens: ApiTokens): void {
  const tag = 'api-tokens'
  add({
    method: 'POST',
    url: '/api-tokens',
    tag,
    summary: 'Create an API token; its secret is shown once',
    permission: 'api-tokens:Write',
    body: Type.Object({
      organisationId: Id,
      name: TokenName,
      description: Type.Optional(Description),
      role: TokenRole,
      awsAccountId: Type.Optional(AwsAccountId),
      onlyAccounts: Type.Optional(OnlyAccounts),
      expiresAt: Type.Optional(Instant),
    }),
    answer: [201, WithSecret],
    run: (caller, { body }) => apiTokens.create(caller, body),
  })
  addList(add, {
    url: '/api-tokens',
    tag,
    summary: 'List API tokens',
    permission: 'api-tokens:Read',
    filter: OfOrganisation,
    item: ApiToken,
    list: (caller, asked) => apiTokens.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/api-tokens/:id',
    tag,
    summary: 'Show an API token by its access key',
    permission: 'api-tokens:Read',
    params: IdParams,
    answer: [200, ref(ApiToken)],
    run: (caller, { params }) => apiTokens.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/api-tokens/:id',
    tag,
    summary: 'Change what an API token is called, may do, is for, or when it ends',
    permission: 'api-tokens:Write',
    params: IdParams,
    body: Type.Object(
      {
        name: Type.Optional(TokenName),
        description: Type.Optional(Description),
        role: Type.Optional(TokenRole),
        onlyAccounts: Type.Optional(orNull(OnlyAccounts)),
        expiresAt: Type.Optional(orNull(Instant)),
      },
      { minProperties: 1 },
    ),
    answer: [200, ref(ApiToken)],
    run: (caller, { params, body }) => apiTokens.update(caller, params.id, body),
  })
  add({
    method: 'POST',
    url: '/api-tokens/:id/rotate',
    tag,
    summary: `Give an API token a new secret, shown once; the old one is good for overlapHours more (default ${OVERLAP_HOURS_DEFAULT}), and the one before it no longer`,
    permission: 'api-tokens:Write',
    params: IdParams,
    body: Type.Object({ overlapHours: OverlapHours }),
    answer: [200, WithSecret],
    run: (caller, { params, body: { overlapHours } }) =>
      apiTokens.rotate(caller, params.id, overlapMs(overlapHours)),
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
