import type { Static, TObject, TProperties, TSchema } from 'typebox'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
import { afterOf, pageToken } from '../page-token.ts'
import { ref } from './route.ts'
import type { AddRoute } from './route.ts'

/** A list that is read page by page. */
interface ListRoute<S extends TSchema, F extends TProperties, P extends TObject> {
  readonly url: string
  readonly tag: string
  readonly summary: string
  readonly permission: Permission
  readonly params?: P
  /** What the query may name beside the page. */
  readonly filter?: F
  readonly item: S
  readonly list: (
    caller: Principal,
    asked: PageAsked & Static<TObject<F>>,
    params: Static<P>,
  ) => Promise<Page<unknown>>
}

/** Which page of a list. */
export interface PageAsked {
  readonly limit: number
  /** The key after which it begins. */
  readonly after?: string
}

const LIST_LIMIT_DEFAULT = 100
const LIST_LIMIT_MAX = 1_000
/** Keys may have a URL of 2,048 characters in them, of which base64 makes a third more. */
const TOKEN_CHARACTERS_MAX = 4_096

export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIST_LIMIT_MAX,
      description: `How many at most; ${LIST_LIMIT_DEFAULT} without it`,
    }),
  ),
  nextToken: Type.Optional(
    Type.String({
      maxLength: TOKEN_CHARACTERS_MAX,
      description: 'Of the page before, asked for with the same filters: goes on behind it',
    }),
  ),
}

const NextToken = Type.Optional(
  Type.String({ description: 'For the next page; absent on the last one' }),
)

/** Adds a list. */
export function addList<
  S extends TSchema,
  F extends TProperties = TProperties,
  P extends TObject = TObject,
>(add: AddRoute, { item, filter, list, ...route }: ListRoute<S, F, P>): void {
  const items = Type.Array('$id' in item ? ref(item) : item)
  add({
    ...route,
    method: 'GET',
    query: Type.Object({ ...PageQuery, ...filter }),
    answer: [200, Type.Object({ items, nextToken: NextToken })],
    run: async (caller, { query, params }) => {
      const { asked, tokenAfter } = pageRequest(`${route.url} ${JSON.stringify(params)}`, query)
      const { items: found, last } = await list(caller, asked as never, params)
      return { items: found, ...tokenAfter(last) }
    },
  })
}

/**
 * What a list's query asks of the store, and the token of the page behind what it got.
 * @param list names the list; a token is good for it and the same filters only
 * @throws RestError for a token of anything else
 */
export function pageRequest<Q extends { readonly limit?: number; readonly nextToken?: string }>(
  list: string,
  { limit = LIST_LIMIT_DEFAULT, nextToken, ...filter }: Q,
) {
  const narrowed = JSON.stringify([list, Object.entries(filter).toSorted(byName)])
  const after = nextToken === undefined ? undefined : afterOf(narrowed, nextToken)
  if (nextToken !== undefined && after === undefined) throw invalidToken()
  const asked: PageAsked & Omit<Q, 'limit' | 'nextToken'> = {
    ...filter,
    limit,
    ...(after !== undefined && { after }),
  }
  return {
    asked,
    tokenAfter: (last: string | undefined) =>
      last === undefined ? {} : { nextToken: pageToken(narrowed, last) },
  }
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1
}

/** The key after which a page begins, of a list whose keys are numbers. */
export function numbered(after: string | undefined): number | undefined {
  if (after === undefined) return undefined
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw invalidToken()
}

function invalidToken(): RestError {
  return new RestError(
    400,
    'page.invalid-token',
    'the nextToken is not of this list: it goes on with the request that answered it, so give the same path and filters (limit may differ), or no nextToken to begin again',
  )
}
