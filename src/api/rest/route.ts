import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { closedSchema } from '#src/model/closed-schema.ts'
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
  /** In place of a body that is JSON. */
  readonly takesBytes?: true
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

/** What the body of a route that takes bytes is described by; nothing of it is validated. */
const Bytes = { content: { 'application/octet-stream': { schema: {} } } }

/** The last line where something failed. */
export const FaultLine = Type.Object({ type: Type.Literal('fault'), message: Type.String() })

/** An answer of lines of JSON, each of which is one of these. */
export function jsonLines(description: string, ...lines: readonly TSchema[]) {
  return { description, content: { 'application/x-ndjson': { schema: Type.Union([...lines]) } } }
}

/** What a route has of which the caller must be known, and may do what it is for. */
export function guarded(
  callerOf: CallerOf,
  permission: Permission | undefined,
  { response, ...schema }: FastifySchema & { readonly response: object },
) {
  const needs = permission === undefined ? {} : { description: `Needs permission ${permission}.` }
  return {
    schema: { ...schema, ...needs, response: { ...response, default: ref(Fault) } },
    // Before validation: a stranger learns nothing about what is valid.
    preValidation: async (request: FastifyRequest) => {
      request.caller = await callerOf(request, permission)
    },
  }
}

/** Adds routes whose caller has been identified and may do what the route is for. */
export function createAddRoute(app: FastifyInstance, callerOf: CallerOf): AddRoute {
  return (route) => {
    const [status, answerSchema] = route.answer
    const schema = {
      tags: [route.tag],
      summary: route.summary,
      ...requestSchema(route),
      ...(route.takesBytes && { body: Bytes }),
      response: { [status]: answerSchema ?? Type.Null({ description: 'Done' }) },
    }
    const takesNone = route.body === undefined && !route.takesBytes
    app.route({
      method: route.method,
      url: route.url,
      ...guarded(callerOf, route.permission, schema),
      preHandler: async ({ body }) => {
        if (takesNone && !isEmpty(body)) throw bodyRefused(route)
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

/** Some clients send `{}` with every POST. */
function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null) return true
  return typeof body === 'object' && Object.keys(body).length === 0
}

function bodyRefused({
  method,
  url,
}: Pick<RestRoute<TObject, TObject, TSchema>, 'method' | 'url'>) {
  return new RestError(
    400,
    'request.invalid',
    `the request is not valid: ${method} ${url} takes no body`,
  )
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent, which is what a signature covers. */
    rawBody?: Uint8Array
    caller?: Principal
  }
}
