import type { Static, TObject, TSchema } from 'typebox'
import { Type } from 'typebox'

import type { Page } from '#src/model/page.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
import { IdParams, OfOrganisation, PageQuery, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

/** Things of one kind that are made, shown, changed and deleted. */
interface NamedThings<T, G, C> {
  create(caller: Principal, given: G): Promise<T>
  get(caller: Principal, id: string): Promise<T>
  list(
    caller: Principal,
    page: ReturnType<typeof pageRequest> & { readonly organisationId?: string | undefined },
  ): Promise<Page<T>>
  update(caller: Principal, id: string, change: C): Promise<T>
  remove(caller: Principal, id: string): Promise<void>
}

type NounOf<P extends Permission> = P extends `${infer Noun}:Write` ? Noun : never

interface NamedRoutes<S extends TSchema, G extends TObject, C extends TObject> {
  /** Of the path, the tag and the permissions: `views`. */
  readonly noun: NounOf<Permission>
  /** By what it is done. */
  readonly summaries: Readonly<Record<'create' | 'list' | 'get' | 'update' | 'remove', string>>
  readonly schema: S
  readonly given: G
  /** At least one member. */
  readonly change: C
  readonly things: NamedThings<Static<S>, Static<G>, Static<C>>
}

/** The five operations on things that have a name. */
export function addNamedRoutes<S extends TSchema, G extends TObject, C extends TObject>(
  add: AddRoute,
  { noun, summaries, schema, given, change, things }: NamedRoutes<S, G, C>,
): void {
  const url = `/${noun}`
  const [read, write] = [`${noun}:Read` as Permission, `${noun}:Write` as Permission] as const
  add({
    method: 'POST',
    url,
    tag: noun,
    summary: summaries.create,
    permission: write,
    body: given,
    answer: [201, ref(schema)],
    run: (caller, { body }) => things.create(caller, body),
  })
  add({
    method: 'GET',
    url,
    tag: noun,
    summary: summaries.list,
    permission: read,
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(schema)],
    run: async (caller, { query: { organisationId, ...query } }) =>
      page(await things.list(caller, { ...pageRequest(query), organisationId })),
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
