import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'

import Fastify from 'fastify'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'

import { OverloadedFault, RestError, StoreFullFault } from '#src/errors.ts'
import { formText } from '#src/model/form-text.ts'
import { addRestServices } from './aws-rest/rest-json.ts'
import type { RestService } from './aws-rest/rest-json.ts'
import { addCataloguePage } from './catalogue-page/catalogue-page.ts'
import { createCollector } from './collector/collector.ts'
import type { CollectorPorts } from './collector/collector.ts'
import { JSON_1_1, createFrontDoor } from './eventbridge/front-door.ts'
import type { FrontDoorPorts } from './eventbridge/front-door.ts'
import { buildLazySerializers } from './lazy-compilers.ts'
import { addFrontPage } from './rest/front-page.ts'
import { addIncidentPages } from './rest/incident-pages.ts'
import type { IncidentPagePorts } from './rest/incident-pages.ts'
import { API_PREFIX, addRestApi } from './rest/rest-api.ts'
import type { RestApiPorts } from './rest/rest-api.ts'
import { addSignInPages } from './rest/sign-in-routes.ts'
import { addSlackDoor } from './rest/slack-door.ts'
import type { SlackDoorPorts } from './rest/slack-door.ts'
import { addUnsubscribePages } from './rest/unsubscribe-pages.ts'
import type { UnsubscribePagePorts } from './rest/unsubscribe-pages.ts'
import { createSts } from './sts/sts.ts'

export interface ServerPorts extends Omit<RestApiPorts, 'checkSignature' | 'clock'> {
  readonly notifying: RestApiPorts['notifying'] &
    Pick<IncidentPagePorts, 'incidentLinks'> &
    UnsubscribePagePorts &
    SlackDoorPorts
  /** Where browsers reach the hub. */
  readonly publicUrl: () => string
  readonly trustedProxies: readonly string[]
  readonly frontDoor: FrontDoorPorts
  /** AWS services beside EventBridge's own, at paths of theirs. */
  readonly restServices: readonly RestService[]
  readonly collector: CollectorPorts
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** Why the hub is not ready, or undefined when it is. */
  readonly notReady: () => Promise<string | undefined>
  readonly onFault: (error: unknown) => void
}

/** A PutEvents of 1 MB whose JSON is escaped twice stays below this. */
const BODY_BYTES_MAX = 8 * 1024 * 1024
/** An event's id of 256 characters, each of which may be written as several. */
const PARAMETER_CHARACTERS_MAX = 1_024
/** A client that sends its request more slowly than this is cut off. */
const REQUEST_TIMEOUT_MS = 60_000
/** A request may be wrong in thousands of ways. */
const REASONS_TOLD_MAX = 10
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
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS_MAX },
    schemaController: { compilersFactory: { buildSerializer: buildLazySerializers } },
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
  const { checkSignature } = ports.frontDoor
  const { clock } = ports.collector
  await app.register(async (scope) => addRestApi(scope, { ...ports, checkSignature, clock }), {
    prefix: API_PREFIX,
  })
  addFrontPage(app, ports.version)
  addCataloguePage(app, ports.namespace)
  addSignInPages(app, ports.tenancy, ports.publicUrl)
  await addIncidentPages(app, { ...ports.notifying, clock })
  await addUnsubscribePages(app, ports.notifying)
  await addSlackDoor(app, ports.notifying)
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
  addRestServices(app, ports.restServices, ports.frontDoor)
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
    const told = validation
      .slice(0, REASONS_TOLD_MAX)
      .map((fault) => faultText(fault, validationContext ?? 'request'))
    const more = validation.length - told.length
    const reasons = [...told, ...(more > 0 ? [`${more} more`] : [])].join('; ')
    return new RestError(400, 'request.invalid', `the request is not valid: ${reasons}`)
  }
  if (error instanceof OverloadedFault) return new RestError(429, 'hub.overloaded', error.message)
  if (statusCode !== undefined && statusCode < 500) {
    return new RestError(statusCode, 'request.refused', error.message)
  }
  onFault(error)
  if (error instanceof StoreFullFault) return new RestError(507, 'store.full', error.message)
  return new RestError(500, 'hub.failed', 'the hub failed; its log says why')
}

/** A fault of a request, with the schema that ajv's option `verbose` adds to it. */
type SchemaFault = NonNullable<FastifyError['validation']>[number] & {
  readonly parentSchema?: {
    readonly title?: string
    readonly examples?: readonly string[]
    readonly format?: string
    readonly properties?: Readonly<Record<string, unknown>>
    readonly patternProperties?: Readonly<Record<string, unknown>>
  }
}

function faultText(fault: SchemaFault, context: string): string {
  const { instancePath, keyword, message, params, parentSchema = {} } = fault
  const path = instancePath.slice(1)
  const unknown = params['additionalProperty'] as string | undefined
  if (unknown !== undefined) {
    const whole = path === '' ? `the ${context}` : `"${path}"`
    if (parentSchema.patternProperties !== undefined) {
      return `"${unknown}" can be no key of ${whole}: one is ${parentSchema.title ?? 'of another form'}`
    }
    const members = Object.keys(parentSchema.properties ?? {}).join(', ')
    return `"${`${instancePath}/${unknown}`.slice(1)}" is unknown: ${whole} takes ${members || 'nothing'}`
  }
  const allowed = params['allowedValues'] as readonly unknown[] | undefined
  const values = allowed === undefined ? '' : `: ${allowed.join(', ')}`
  const form = keyword === 'pattern' || keyword === 'format' ? formText(parentSchema) : undefined
  return `"${path || context}" ${form ?? `${message}${values}`}`
}
