import type { Static, TObject, TProperties, TSchema } from 'typebox'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
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

export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIST_LIMIT_MAX,
      description: `How many at most; ${LIST_LIMIT_DEFAULT} without it`,
    }),
  ),
  nextToken: Type.Optional(
    Type.String({ maxLength: 2_048, description: 'Of the answer before: goes on behind it' }),
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
    run: async (caller, { query, params }) =>
      page(await list(caller, pageRequest(query) as never, params)),
  })
}

/** What a list's query asks of the store: which page, and what else it names. */
export function pageRequest<Q extends { readonly limit?: number; readonly nextToken?: string }>({
  limit = LIST_LIMIT_DEFAULT,
  nextToken,
  ...filter
}: Q): PageAsked & Omit<Q, 'limit' | 'nextToken'> {
  if (nextToken === undefined) return { ...filter, limit }
  const after = Buffer.from(nextToken, 'base64url').toString()
  // Keys are printable; anything else was not made by `page`.
  if (/^[\x21-\x7e]+$/.test(after)) return { ...filter, limit, after }
  throw invalidToken()
}

/** The key after which a page begins, of a list whose keys are numbers. */
export function numbered(after: string | undefined): number | undefined {
  if (after === undefined) return undefined
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw invalidToken()
}

export function page<T>({ items, last }: Page<T>) {
  return {
    items,
    ...(last !== undefined && { nextToken: Buffer.from(last).toString('base64url') }),
  }
}

function invalidToken(): RestError {
  return new RestError(400, 'page.invalid-token', 'the nextToken is not one that a list answered')
}
