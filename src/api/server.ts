import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'

import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { OverloadedFault, RestError, StoreFullFault } from '#src/errors.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { createCollector } from './collector/collector.ts'
import type { CollectorPorts } from './collector/collector.ts'
import { JSON_1_1, createFrontDoor } from './eventbridge/front-door.ts'
import type { FrontDoorPorts } from './eventbridge/front-door.ts'
import { createCallerOf, createStillCalls } from './rest/caller.ts'
import { DeadLetterSchema, addDeadLetterRoutes } from './rest/dead-letter-routes.ts'
import type { DeadLetterPorts } from './rest/dead-letter-routes.ts'
import { Fault, createAddRoute } from './rest/route.ts'
import { addSecondFactorRoutes } from './rest/second-factor-routes.ts'
import { addSessionRoutes } from './rest/session-routes.ts'
import { addSignInPages, addSignInRoutes } from './rest/sign-in-routes.ts'
import { TENANCY_SCHEMAS, addTenancyRoutes } from './rest/tenancy-routes.ts'
import { addPasswordRoute, addUserRoutes, addUserSignInRoutes } from './rest/user-routes.ts'
import { createSts } from './sts/sts.ts'
import { addEventStream } from './stream/event-stream.ts'
import type { EventStreamPorts } from './stream/event-stream.ts'

export interface ServerPorts {
  readonly tenancy: Tenancy
  /** Where browsers reach the hub. */
  readonly publicUrl: () => string
  readonly trustedProxies: readonly string[]
  readonly frontDoor: FrontDoorPorts
  readonly collector: CollectorPorts
  readonly deadLetters: DeadLetterPorts
  readonly stream: Omit<EventStreamPorts, 'callerOf' | 'stillCalls'>
  readonly version: string
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** Why the hub is not ready, or undefined when it is. */
  readonly notReady: () => Promise<string | undefined>
  readonly onFault: (error: unknown) => void
}

/** A PutEvents of 1 MB whose JSON is escaped twice stays below this. */
const BODY_BYTES_MAX = 8 * 1024 * 1024
/** A client that sends its request more slowly than this is cut off. */
const REQUEST_TIMEOUT_MS = 60_000
/** How long the rest of a body that is too large is read and thrown away. */
const DRAIN_TIMEOUT_MS = 5_000

/** The hub's one HTTP port, with every way in. */
export async function createServer(ports: ServerPorts): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: () => randomUUID(),
    logger: false,
    ...(ports.trustedProxies.length > 0 && { trustProxy: [...ports.trustedProxies] }),
    forceCloseConnections: 'idle',
    // A field that does not exist is refused: dropped, it would look like a change that was made.
    ajv: { customOptions: { allErrors: true, coerceTypes: 'array', removeAdditional: false } },
  })
  app.setErrorHandler((error, _request, reply) => answerFault(ports, error as Error, reply))
  app.setNotFoundHandler((request, reply) =>
    answerFault(
      ports,
      new RestError(
        404,
        'route.not-found',
        `there is no ${request.method} ${request.url.split('?')[0]}: see /api/v1/openapi.json`,
      ),
      reply,
    ),
  )
  await app.register(async (scope) => addRawBodyRoutes(scope, ports))
  await app.register(async (scope) => addRestApi(scope, ports), { prefix: '/api/v1' })
  addSignInPages(app, ports.tenancy, ports.publicUrl)
  addObservation(app, ports)
  return app
}

/** Doors whose bodies are taken as bytes: what a signature covers, and numbers as written. */
function addRawBodyRoutes(app: FastifyInstance, ports: ServerPorts): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const frontDoor = createFrontDoor(ports.frontDoor)
  const { checkSignature, onFault } = ports.frontDoor
  const sts = createSts({ checkSignature, credentials: ports.tenancy.credentials, onFault })
  app.post('/', (request, reply) =>
    request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
      ? sts(request, reply)
      : frontDoor(request, reply),
  )
  app.post('/ingest/aws', createCollector(ports.collector))
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const tooLarge = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE'
    if (tooLarge) await readToEnd(request.raw)
    if (request.routeOptions.url !== '/') return answerFault(ports, error, reply)
    const type = tooLarge ? 'RequestEntityTooLargeException' : 'SerializationException'
    void reply.code(error.statusCode ?? 400).header('content-type', JSON_1_1)
    return reply.send(JSON.stringify({ __type: type, message: error.message }))
  })
}

/** A client that is still sending when it is answered sees a broken connection, not the answer. */
async function readToEnd(request: IncomingMessage): Promise<void> {
  request.resume()
  const tooLong = AbortSignal.timeout(DRAIN_TIMEOUT_MS)
  await once(request, 'end', { signal: tooLong }).catch(() => request.destroy())
}

async function addRestApi(app: FastifyInstance, ports: ServerPorts): Promise<void> {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      request.rawBody = body
      parseJson(body, done)
    },
  )
  await app.register(swagger, { openapi: openApi(ports.version), refResolver: namedSchemas })
  for (const schema of [Fault, DeadLetterSchema, ...TENANCY_SCHEMAS]) app.addSchema(schema)
  const { sessions, credentials } = ports.tenancy
  const callerOf = createCallerOf(ports.frontDoor.checkSignature, sessions)
  const stillCalls = createStillCalls({ credentials, sessions, clock: ports.collector.clock })
  const add = createAddRoute(app, callerOf)
  addSessionRoutes(app, add, ports.tenancy)
  addSecondFactorRoutes(add, ports.tenancy)
  addUserRoutes(add, ports.tenancy)
  addUserSignInRoutes(add, ports.tenancy)
  addPasswordRoute(add, ports.tenancy)
  addSignInRoutes(add, ports.tenancy)
  addTenancyRoutes(add, ports.tenancy)
  addDeadLetterRoutes(add, ports.deadLetters)
  addEventStream(app, { ...ports.stream, callerOf, stillCalls })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

function parseJson(body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  try {
    done(null, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')))
  } catch {
    done(new RestError(400, 'request.malformed', 'the body is not valid JSON'))
  }
}

function addObservation(app: FastifyInstance, { metrics, notReady }: ServerPorts): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const reason = await notReady()
    if (reason === undefined) return { status: 'ready' }
    void reply.code(503)
    return { status: 'not ready', reason }
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics()
    void reply.header('content-type', contentType)
    return text
  })
}

function answerFault(ports: ServerPorts, error: Error, reply: FastifyReply): FastifyReply {
  const { status, code, message } = restErrorOf(error, ports.onFault)
  return reply.code(status).send({ code, message, requestId: reply.request.id })
}

function restErrorOf(error: Error, onFault: (error: unknown) => void): RestError {
  if (error instanceof RestError) return error
  const { validation, statusCode, validationContext } = error as FastifyError
  if (validation !== undefined) {
    const reasons = validation.map(({ instancePath, message, params }) => {
      const extra = params['additionalProperty'] as string | undefined
      return `"${instancePath.slice(1) || validationContext}" ${message}${extra === undefined ? '' : ` ("${extra}")`}`
    })
    return new RestError(400, 'request.invalid', `the request is not valid: ${reasons.join('; ')}`)
  }
  if (error instanceof OverloadedFault) return new RestError(429, 'hub.overloaded', error.message)
  if (statusCode !== undefined && statusCode < 500) {
    return new RestError(statusCode, 'request.refused', error.message)
  }
  onFault(error)
  if (error instanceof StoreFullFault) return new RestError(507, 'store.full', error.message)
  return new RestError(500, 'hub.failed', 'the hub failed; its log says why')
}

const namedSchemas = {
  buildLocalReference: (
    schema: { $id?: unknown },
    _base: unknown,
    _fragment: string,
    index: number,
  ) => (typeof schema.$id === 'string' ? schema.$id : `schema-${index}`),
}

function openApi(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Belfry',
      version,
      description:
        'The tenancy, dead letters and the live stream. Events themselves travel over the Amazon EventBridge API at "/".',
    },
    components: {
      securitySchemes: {
        session: { type: 'http' as const, scheme: 'bearer', description: 'From POST /sessions' },
        apiToken: {
          type: 'apiKey' as const,
          in: 'header' as const,
          name: 'Authorization',
          description: 'AWS Signature Version 4 with an API token, service "belfry", any region',
        },
      },
    },
    security: [{ session: [] }, { apiToken: [] }],
  }
}
