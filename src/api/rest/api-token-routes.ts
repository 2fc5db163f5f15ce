import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'

import { ApiToken, AwsAccountId, OnlyAccounts, TokenName, TokenRole } from '#src/model/tenancy.ts'
import type { ApiTokens } from '#src/tenancy/api-tokens.ts'
import { Id, IdParams, PageQuery, exact, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const Description = Type.String({ maxLength: 1_024 })
const Instant = Type.Integer({ minimum: 0, description: 'Epoch milliseconds' })
const WithSecret = Type.Object({ ...ApiToken.properties, secretAccessKey: Type.String() })

/** Takes a limit away. A list of types: in a union null would be read as 0 or as an empty list. */
function orNull<T extends TSchema>(schema: T) {
  const { type } = schema as unknown as { readonly type: string }
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [type, 'null'] })
}

/** Long enough for every program that holds the old secret to be told the new one. */
const OVERLAP_HOURS_MAX = 14 * 24
const OVERLAP_HOURS_DEFAULT = 24
const MS_PER_HOUR = 60 * 60_000

export function addApiTokenRoutes(add: AddRoute, apiTokens: ApiTokens): void {
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
        description: Type.Optional(Description),
        role: TokenRole,
        awsAccountId: Type.Optional(AwsAccountId),
        onlyAccounts: Type.Optional(OnlyAccounts),
        expiresAt: Type.Optional(Instant),
      },
      exact,
    ),
    answer: [201, WithSecret],
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
      { ...exact, minProperties: 1 },
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
    body: Type.Object(
      { overlapHours: Type.Optional(Type.Number({ minimum: 0, maximum: OVERLAP_HOURS_MAX })) },
      exact,
    ),
    answer: [200, WithSecret],
    run: (caller, { params, body: { overlapHours = OVERLAP_HOURS_DEFAULT } }) =>
      apiTokens.rotate(caller, params.id, overlapHours * MS_PER_HOUR),
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
