import type { Static, TObject, TProperties, TSchema } from 'typebox'

import type { Page } from '#src/model/page.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
import { addList } from './list-route.ts'
import type { PageAsked } from './list-route.ts'
import { IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

/** Things of one kind that are made, shown, changed and deleted. */
interface NamedThings<G, C, F> {
  create(caller: Principal, given: G): Promise<unknown>
  get(caller: Principal, id: string): Promise<unknown>
  list(caller: Principal, asked: PageAsked & F): Promise<Page<unknown>>
  update(caller: Principal, id: string, change: C): Promise<unknown>
  remove(caller: Principal, id: string): Promise<void>
}

type NounOf<P extends Permission> = P extends `${infer Noun}:Write` ? Noun : never

interface NamedRoutes<G extends TObject, C extends TObject, F extends TProperties> {
  /** Of the path and the tag: `views`. */
  readonly noun: string
  /** By what it is done. */
  readonly summaries: Readonly<Record<'create' | 'list' | 'get' | 'update' | 'remove', string>>
  /** Of the permissions, where it is not that of the path. */
  readonly permissions?: NounOf<Permission>
  readonly schema: TSchema
  /** What the answer that made it has, where that is more. */
  readonly created?: TSchema
  readonly given: G
  /** At least one member. */
  readonly change: C
  /** What a list is narrowed by: the organisation where nothing is said. */
  readonly filter?: F
  readonly things: NamedThings<Static<G>, Static<C>, Static<TObject<F>>>
}

/** The five operations on things that have a name. */
export function addNamedRoutes<
  G extends TObject,
  C extends TObject,
  F extends TProperties = typeof OfOrganisation,
>(
  add: AddRoute,
  {
    noun,
    summaries,
    permissions = noun as NounOf<Permission>,
    schema,
    created = ref(schema),
    given,
    change,
    filter,
    things,
  }: NamedRoutes<G, C, F>,
): void {
  const url = `/${noun}`
  const [read, write] = [`${permissions}:Read`, `${permissions}:Write`] as const
  add({
    method: 'POST',
    url,
    tag: noun,
    summary: summaries.create,
    permission: write,
    body: given,
    answer: [201, created],
    run: (caller, { body }) => things.create(caller, body),
  })
  addList(add, {
    url,
    tag: noun,
    summary: summaries.list,
    permission: read,
    filter: (filter ?? OfOrganisation) as F,
    item: schema,
    list: (caller, asked) => things.list(caller, asked),
  })
  add({
    method: 'GET',
    url: `${url}/:id`,
    tag: noun,
    summary: summaries.get,
    permission: read,
    params: IdParams,
    answer: [200, ref(schema)],
    run: (caller, { params }) => things.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: `${url}/:id`,
    tag: noun,
    summary: summaries.update,
    permission: write,
    params: IdParams,
    body: change,
    answer: [200, ref(schema)],
    run: (caller, { params, body }) => things.update(caller, params.id, body),
  })
  add({
    method: 'DELETE',
    url: `${url}/:id`,
    tag: noun,
    summary: summaries.remove,
    permission: write,
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => things.remove(caller, params.id),
  })
}
