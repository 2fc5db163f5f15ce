import { compactJson } from '#src/model/compact-json.ts'
import type { ApiDestination, Authorization, Credentials } from '#src/model/connection.ts'
import type { ConnectionParameter } from '#src/model/connection.ts'
import { basicCredentials } from '#src/model/credentials.ts'
import type { AttemptError } from '#src/model/delivery.ts'
import type { HttpTargetParameters } from '#src/model/event-bus.ts'
import { settableHeaders, splitOnce, withQuery } from '#src/model/http-parameters.ts'
import type { Pair } from '#src/model/http-parameters.ts'
import { membersOf } from '#src/model/json-text.ts'
import { percentEncoded } from '#src/model/percent-encoding.ts'
import { isEventPath, textAt } from '#src/model/target-input/event-path.ts'
import { JsonValue } from '#src/model/target-input/json-value.ts'
import type { OutboundRequest } from '#src/ports/outbound.ts'

export interface ApiRequestParts {
  readonly destination: Pick<ApiDestination, 'endpoint' | 'method'>
  readonly credentials: Credentials
  /** OAuth: the access token. */
  readonly token: string | undefined
  /** Of the target. */
  readonly http: HttpTargetParameters | undefined
  readonly eventJson: string
  /** The target's input. */
  readonly input: string
}

export type ApiRequest =
  | { readonly ok: true; readonly request: Omit<OutboundRequest, 'timeoutMs'> }
  | { readonly ok: false; readonly error: AttemptError }

const NO_TARGET_PARAMETERS: HttpTargetParameters = { path: [], header: {}, query: {} }

/** What EventBridge sets itself; `Host`, `Content-Length` and `Connection` are the client's. */
const OWN_HEADERS = {
  'user-agent': 'Amazon/EventBridge/ApiDestinations',
  range: 'bytes=0-1048575',
  'accept-encoding': 'gzip,deflate',
  connection: 'close',
}

/**
 * The request of an API destination. The connection's parameters come over the target's, and these
 * over the endpoint's.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
 */
export function apiRequest(parts: ApiRequestParts): ApiRequest {
  const { destination, credentials, token, eventJson } = parts
  const { header, query, body } = credentials.parameters
  const target = valuesOf(parts.http ?? NO_TARGET_PARAMETERS, eventJson)
  const url = withPath(destination.endpoint, target.path)
  if (!url.ok) return url
  const text = withBodyParameters(parts.input, body)
  if (text === undefined) {
    const message = "the connection's body parameters need a body that is a JSON object"
    return { ok: false, error: { code: 'INVALID_JSON', message } }
  }
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...settableHeaders([...target.header, ...pairsOf(header)]),
    ...authorizationHeader(credentials.authorization, token),
    ...OWN_HEADERS,
  }
  return {
    ok: true,
    request: {
      url: withQuery(url.url, [...target.query, ...pairsOf(query)]),
      method: destination.method,
      headers,
      body: text,
    },
  }
}

function pairsOf(parameters: readonly ConnectionParameter[]): readonly Pair[] {
  return parameters.map(({ key, value }): Pair => [key, value])
}

/** The target's values, read from the event where they are paths; what is not there is left out. */
function valuesOf({ path, header, query }: HttpTargetParameters, eventJson: string) {
  const event = new JsonValue(eventJson)
  const valueOf = (value: string) => (isEventPath(value) ? plainTextAt(event, value) : value)
  const pairs = (values: HttpTargetParameters['header']) =>
    Object.entries(values).flatMap(([name, given]): Pair[] => {
      const value = valueOf(given)
      return value === undefined ? [] : [[name, value]]
    })
  return { path: path.map(valueOf), header: pairs(header), query: pairs(query) }
}

function plainTextAt(event: JsonValue, path: string): string | undefined {
  const text = textAt(event, path)
  return text?.startsWith('"') ? (JSON.parse(text) as string) : text
}

type Url =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly error: AttemptError }

/** Each `*` of the URL's path is a place for a value, in order. */
function withPath(endpoint: string, values: readonly (string | undefined)[]): Url {
  const refused = (message: string): Url => ({
    ok: false,
    error: { code: 'INVALID_PARAMETER', message },
  })
  const [path = '', ...query] = splitOnce(endpoint, '?')
  const [first = '', ...others] = path.split('*')
  if (others.length !== values.length) {
    return refused(
      `the endpoint has ${others.length} path parameters and the target gives ${values.length}`,
    )
  }
  // Without a value the path would be that of another resource.
  if (values.some((value) => value === undefined || value === '')) {
    return refused('the event has no value for a path parameter')
  }
  const filled = others.reduce(
    (before, part, at) => before + percentEncoded(values[at] ?? '') + part,
    first,
  )
  if (dotSegments(filled) > dotSegments(path)) {
    return refused('a path parameter may not lead out of its place in the path')
  }
  return { ok: true, url: [filled, ...query].join('?') }
}

/** How many parts of a path lead elsewhere, in each way that a URL may write them. */
function dotSegments(path: string): number {
  return path.split('/').filter((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)).length
}

/** The body with the connection's parameters in it, or undefined where it is no JSON object. */
function withBodyParameters(
  text: string,
  parameters: readonly ConnectionParameter[],
): string | undefined {
  if (parameters.length === 0) return text
  const compact = compactJson(text, Number.POSITIVE_INFINITY)
  if (!compact?.startsWith('{')) return undefined
  const added = new Map(parameters.map(({ key, value }) => [key, JSON.stringify(value)]))
  const kept = membersOf(compact).filter(({ key }) => !added.has(key))
  const members = [...kept, ...Array.from(added, ([key, value]) => ({ key, value }))]
  return `{${members.map(({ key, value }) => `${JSON.stringify(key)}:${value}`).join(',')}}`
}

function authorizationHeader(
  authorization: Authorization,
  token: string | undefined,
): Readonly<Record<string, string>> {
  switch (authorization.type) {
    case 'BASIC':
      return { authorization: `Basic ${basicCredentials(authorization)}` }
    case 'API_KEY':
      return { [authorization.name.toLowerCase()]: authorization.value }
    case 'OAUTH_CLIENT_CREDENTIALS':
      return token === undefined ? {} : { authorization: `Bearer ${token}` }
    default:
      return authorization satisfies never
  }
}
