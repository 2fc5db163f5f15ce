import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { AwsError } from '#src/errors.ts'
import type { Operation } from '../eventbridge/operation.ts'
import { checkInput } from '../eventbridge/shapes.ts'
import type { Shape } from '../eventbridge/shapes.ts'
import {
  SIGNATURE_FAULT_CODES,
  authorize,
  awsErrorOf,
  bodyOf,
  callOf,
  parsedBody,
} from '../signed-call.ts'
import type { SignedCallPorts } from '../signed-call.ts'

/** An operation of AWS's REST JSON protocol: the input is put together from path, query and body. */
export interface RestOperation extends Operation {
  /** As in AWS's service model; `{Member}` in the path is a member of the input. */
  readonly http: readonly [method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, status?: number]
  /**
   * Members of the input that stand in the query, as they are spelled there; in the shape they
   * begin with a capital letter, or have the other name that is given beside it.
   */
  readonly query?: readonly (string | readonly [inQuery: string, member: string])[]
}

/** A service of AWS's REST JSON protocol. */
export interface RestService {
  /** The service's name in signatures and in IAM's actions. */
  readonly signingName: string
  /** By name. */
  readonly operations: Readonly<Record<string, RestOperation>>
  /** The service's own code and status of an error, by the code that an operation throws. */
  readonly errors: Readonly<Record<string, readonly [code: string, status: number]>>
}

/** Errors that every service has, with the statuses that they have over REST. */
const COMMON_STATUSES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.values(SIGNATURE_FAULT_CODES).map((code) => [code, 403])),
  AccessDeniedException: 403,
  UnknownOperationException: 404,
  ThrottlingException: 429,
}
const NO_CONTENT = 204

/**
 * Opens the doors of REST JSON services. Their paths may be alike (`/tags/{ResourceArn}`), so a
 * request belongs to the service that its signature is scoped to.
 */
export function addRestServices(
  app: FastifyInstance,
  services: readonly RestService[],
  ports: SignedCallPorts,
): void {
  app.addConstraintStrategy(BY_SIGNING_NAME)
  for (const service of services) {
    const constraints = { signingName: service.signingName }
    for (const [name, operation] of Object.entries(service.operations)) {
      const [method, path] = operation.http
      app.route({
        method,
        url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
        constraints,
        handler: async (request, reply) =>
          answered(service, ports, reply, async () => answer(service, name, ports, request)),
      })
    }
    app.all('/*', { constraints }, async (request, reply) =>
      answered(service, ports, reply, async () => {
        await callOf(ports, request, service.signingName)
        const [path] = request.url.split('?')
        throw new AwsError(
          'UnknownOperationException',
          `the operation "${request.method} ${path}" is not supported`,
        )
      }),
    )
  }
}

/** Tells requests apart by the service in their signature's credential scope. */
const BY_SIGNING_NAME = {
  name: 'signingName',
  storage: <T>() => {
    const handlers = new Map<string, T>()
    return {
      get: (name: string) => handlers.get(name) ?? null,
      set: (name: string, handler: T) => void handlers.set(name, handler),
    }
  },
  deriveConstraint: ({ headers }: FastifyRequest['raw']) =>
    /\/([^/,]+)\/aws4_request/.exec(headers.authorization ?? '')?.[1],
  validate: () => true,
}

async function answered(
  { errors }: RestService,
  { onFault }: SignedCallPorts,
  reply: FastifyReply,
  run: () => Promise<{ readonly status: number; readonly output: object }>,
): Promise<string> {
  void reply.header('content-type', 'application/json')
  void reply.header('x-amzn-requestid', reply.request.id)
  try {
    const { status, output } = await run()
    void reply.code(status)
    return status === NO_CONTENT ? '' : JSON.stringify(output)
  } catch (thrown) {
    const error = awsErrorOf(thrown, onFault)
    const [code, status] = errors[error.code] ?? [
      error.code,
      COMMON_STATUSES[error.code] ?? error.status,
    ]
    void reply.code(status).header('x-amzn-errortype', code)
    return JSON.stringify({ Code: code, Message: error.message })
  }
}

async function answer(
  service: RestService,
  name: string,
  ports: SignedCallPorts,
  request: FastifyRequest,
) {
  const { signingName, operations } = service
  const operation = operations[name] as RestOperation
  const call = await callOf(ports, request, signingName)
  authorize(call, `${signingName}:${name}`, operation)
  const input = inputOf(operation, request)
  checkInput(operation.input, input)
  return { status: operation.http[2] ?? 200, output: await operation.run(call, input) }
}

function inputOf({ input, query = [] }: RestOperation, request: FastifyRequest): unknown {
  const body = parsedBody(bodyOf(request))
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const given = new URLSearchParams(request.url.split('?')[1])
  const members = input.type === 'structure' ? input.members : {}
  const fromQuery = query.flatMap((each) => {
    const [name, member] = typeof each === 'string' ? [each, capitalised(each)] : each
    const values = given.getAll(name)
    const shape = members[member]?.shape
    return shape === undefined || values.length === 0 ? [] : [[member, queryValue(shape, values)]]
  })
  return { ...body, ...Object.fromEntries(fromQuery), ...(request.params as object) }
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** What the text of a query means; what it cannot mean stays text, for the check to refuse. */
function queryValue(shape: Shape, values: readonly string[]): unknown {
  const [value = ''] = values
  if (shape.type === 'list') return values
  if (shape.type === 'integer' && /^-?\d+$/.test(value)) return Number(value)
  if (shape.type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true'
  return value
}
