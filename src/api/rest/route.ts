import type { FastifyInstance, FastifySchema } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { closedSchema } from '#src/model/closed-schema.ts'
import type { Page } from '#src/model/page.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
import type { CallerOf } from './caller.ts'

/** A REST operation: what the OpenAPI document says of it, who may call it, and what it does. */
export interface RestRoute<P extends TObject, Q extends TObject, B extends TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly tag: string
  readonly summary: string
  /** Absent: anyone who can prove who they are. */
  readonly permission?: Permission
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Status and schema of success; 204 has no body. */
  readonly answer: readonly [status: number, schema?: TSchema]
  readonly run: (
    caller: Principal,
    given: { readonly params: Static<P>; readonly query: Static<Q>; readonly body: Static<B> },
  ) => Promise<unknown>
}

export type AddRoute = <
  P extends TObject = TObject,
  Q extends TObject = TObject,
  B extends TSchema = TSchema,
>(
  route: RestRoute<P, Q, B>,
) => void

export const Fault = Type.Object(
  { code: Type.String(), message: Type.String(), requestId: Type.String() },
  { $id: 'Fault', description: 'What went wrong and what to do about it' },
)

/** A `$ref` to a schema that has been added to the server under its `$id`. */
export function ref<T extends TSchema>(schema: T): T {
  const { $id } = schema as { $id?: string }
  return Type.Unsafe({ $ref: `${$id}#` }) as unknown as T
}

const LIST_LIMIT_DEFAULT = 100
const LIST_LIMIT_MAX = 1_000

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIST_LIMIT_MAX })),
  nextToken: Type.Optional(Type.String({ maxLength: 2_048 })),
}

export const Id = Type.String({ format: 'uuid' })
export const Instant = Type.Integer({ minimum: 0, description: 'Epoch milliseconds' })
export const Description = Type.String({ maxLength: 1_024 })
export const CheckedByQuery = Type.Optional(
  Type.String({ maxLength: 64, description: 'belfry, or the AWS service, such as securityhub' }),
)

export const OfOrganisation = { organisationId: Type.Optional(Id) }

/** Of routes that take no parameters. */
const NoQuery = Type.Object({})

/** null takes away. A list of types, as a union would be refused in words about each of its parts. */
export function orNull<T extends TSchema>(schema: T) {
  const { type } = schema as unknown as { readonly type: string }
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [type, 'null'] })
}

/** What a call answers that goes on after it: how to follow it. */
export const StartedTask = Type.Object({ taskId: Id })

export const IdParams = Type.Object({ id: Type.String({ maxLength: 64 }) })

export function pageSchema<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(ref(item)), nextToken: Type.Optional(Type.String()) })
}

/** What a list's query asks of the store. */
export function pageRequest(query: { readonly limit?: number; readonly nextToken?: string }) {
  const { limit = LIST_LIMIT_DEFAULT, nextToken } = query
  if (nextToken === undefined) return { limit }
  const after = Buffer.from(nextToken, 'base64url').toString()
  // Keys are printable; anything else was not made by `page`.
  if (/^[\x21-\x7e]+$/.test(after)) return { limit, after }
  throw new RestError(400, 'page.invalid-token', 'the nextToken is not one that a list answered')
}

export function page<T>({ items, last }: Page<T>) {
  if (last === undefined) return { items }
  return { items, nextToken: Buffer.from(last).toString('base64url') }
}

/**
 * What a request may hold, and nothing else: a misspelt filter or change that is ignored looks
 * like one that was heeded.
 */
export function requestSchema({
  params,
  query = NoQuery,
  body,
}: {
  readonly params?: TObject
  readonly query?: TObject
  readonly body?: TSchema
}) {
  return {
    ...(params !== undefined && { params }),
    querystring: closedSchema(query),
    ...(body !== undefined && { body: closedSchema(body) }),
  }
}

/** Adds routes whose caller has been identified and may do what the route is for. */
export function createAddRoute(app: FastifyInstance, callerOf: CallerOf): AddRoute {
  return (route) => {
    const [status, answerSchema] = route.answer
    const schema: FastifySchema = {
      tags: [route.tag],
      summary: route.summary,
      ...requestSchema(route),
      response: {
        [status]: answerSchema ?? Type.Null({ description: 'Done' }),
        default: ref(Fault),
      },
    }
    app.route({
      method: route.method,
      url: route.url,
      schema,
      // Before validation: a stranger learns nothing about what is valid.
      preValidation: async (request) => {
        request.caller = await callerOf(request, route.permission)
      },
      handler: async (request, reply) => {
        const given = { params: request.params, query: request.query, body: request.body }
        const answer = await route.run(request.caller as Principal, given as never)
        void reply.code(status)
        return answer
      },
    })
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent, which is what a signature covers. */
    rawBody?: Uint8Array
    caller?: Principal
  }
}
