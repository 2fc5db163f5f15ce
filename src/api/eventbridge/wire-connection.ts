import type {
  CredentialsChange,
  PartialAuthorization,
} from '#src/connections/credentials-change.ts'
import type {
  Authorization,
  AuthorizationType,
  ConnectionParameter,
  ConnectionParameters,
  Credentials,
  OAuthAuthorization,
} from '#src/model/connection.ts'
import { BOOLEAN, given, structure } from './operation.ts'
import { UNSUPPORTED, optional, required, string, textPattern } from './shapes.ts'
import type { Member, Shape, StringShape } from './shapes.ts'
import { HEADER_NAME, HEADER_VALUE, QUERY_NAME, QUERY_VALUE } from './wire-http-parameters.ts'

/** AWS's own, which takes exponential time on some texts. */
const AUTHORIZATION_TEXT = String.raw`^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`
const AUTHORIZATION_NAME = string({
  min: 1,
  max: 512,
  // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
  pattern: textPattern(AUTHORIZATION_TEXT, /^\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*$/),
})
/** May have a colon, unlike what comes before one in an authorization. */
const AUTHORIZATION_SECRET = string({
  min: 1,
  max: 512,
  // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
  pattern: textPattern(AUTHORIZATION_TEXT, /^\t*[^\x00-\x1F\x7F][^\x00-\x08\x0A-\x1F\x7F]*$/),
  sensitive: true,
})
export const HTTPS_ENDPOINT = string({
  min: 1,
  max: 2048,
  pattern: textPattern(
    String.raw`^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$`,
  ),
})

const PARAMETERS_MAX = 100

function parameterList(key: StringShape, value: StringShape): Member {
  return optional({
    type: 'list',
    max: PARAMETERS_MAX,
    // What it holds may be secret.
    print: () => '...',
    member: structure({
      Key: required(key),
      Value: optional({ ...value, sensitive: true }),
      IsValueSecret: optional(BOOLEAN),
    }),
  })
}

const HTTP_PARAMETERS = structure({
  HeaderParameters: parameterList(HEADER_NAME, HEADER_VALUE),
  QueryStringParameters: parameterList(QUERY_NAME, QUERY_VALUE),
  BodyParameters: parameterList(string(), string()),
})

/** @param member makes the members optional for an update, which changes what is given */
function authParameters(member: (shape: Shape) => Member): Shape {
  return structure({
    BasicAuthParameters: optional(
      structure({ Username: member(AUTHORIZATION_NAME), Password: member(AUTHORIZATION_SECRET) }),
    ),
    ApiKeyAuthParameters: optional(
      structure({
        ApiKeyName: member(AUTHORIZATION_NAME),
        ApiKeyValue: member(AUTHORIZATION_SECRET),
      }),
    ),
    OAuthParameters: optional(
      structure({
        ClientParameters: member(
          structure({
            ClientID: member(AUTHORIZATION_NAME),
            ClientSecret: member(AUTHORIZATION_SECRET),
          }),
        ),
        AuthorizationEndpoint: member(HTTPS_ENDPOINT),
        HttpMethod: member(string({ enum: ['GET', 'POST', 'PUT'] })),
        OAuthHttpParameters: optional(HTTP_PARAMETERS),
      }),
    ),
    InvocationHttpParameters: optional(HTTP_PARAMETERS),
    ConnectivityParameters: UNSUPPORTED,
  })
}

export const NEW_AUTH_PARAMETERS = authParameters(required)
export const CHANGED_AUTH_PARAMETERS = authParameters(optional)
export const AUTHORIZATION_TYPE = string({ enum: ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'] })

interface WireParameter {
  readonly Key: string
  readonly Value?: string
  readonly IsValueSecret?: boolean
}

interface WireParameters {
  readonly HeaderParameters?: readonly WireParameter[]
  readonly QueryStringParameters?: readonly WireParameter[]
  readonly BodyParameters?: readonly WireParameter[]
}

export interface WireAuthParameters {
  readonly BasicAuthParameters?: { readonly Username?: string; readonly Password?: string }
  readonly ApiKeyAuthParameters?: {
    readonly ApiKeyName?: string
    readonly ApiKeyValue?: string
  }
  readonly OAuthParameters?: {
    readonly ClientParameters?: {
      readonly ClientID?: string
      readonly ClientSecret?: string
    }
    readonly AuthorizationEndpoint?: string
    readonly HttpMethod?: OAuthAuthorization['method']
    readonly OAuthHttpParameters?: WireParameters
  }
  readonly InvocationHttpParameters?: WireParameters
}

export function credentialsFrom(
  authorizationType: AuthorizationType | undefined,
  wire: WireAuthParameters | undefined,
): CredentialsChange {
  return {
    ...given({ authorizationType }),
    ...given({
      parameters: wire?.InvocationHttpParameters && parametersFrom(wire.InvocationHttpParameters),
    }),
    authorizations: authorizationsFrom(wire ?? {}),
  }
}

function authorizationsFrom({
  BasicAuthParameters: basic,
  ApiKeyAuthParameters: apiKey,
  OAuthParameters: oauth,
}: WireAuthParameters): readonly PartialAuthorization[] {
  const authorizations: PartialAuthorization[] = []
  if (basic) {
    const { Username: username, Password: password } = basic
    authorizations.push({ type: 'BASIC', ...given({ username, password }) })
  }
  if (apiKey) {
    const { ApiKeyName: name, ApiKeyValue: value } = apiKey
    authorizations.push({ type: 'API_KEY', ...given({ name, value }) })
  }
  if (oauth) {
    const { ClientParameters: client, OAuthHttpParameters: http } = oauth
    authorizations.push({
      type: 'OAUTH_CLIENT_CREDENTIALS',
      ...given({
        clientId: client?.ClientID,
        clientSecret: client?.ClientSecret,
        endpoint: oauth.AuthorizationEndpoint,
        method: oauth.HttpMethod,
        parameters: http && parametersFrom(http),
      }),
    })
  }
  return authorizations
}

function parametersFrom(wire: WireParameters): ConnectionParameters {
  const from = (parameters: readonly WireParameter[] | undefined) =>
    (parameters ?? []).map(({ Key, Value, IsValueSecret }): ConnectionParameter => ({
      key: Key,
      value: Value ?? '',
      isSecret: IsValueSecret ?? false,
    }))
  return {
    header: from(wire.HeaderParameters),
    query: from(wire.QueryStringParameters),
    body: from(wire.BodyParameters),
  }
}

/** Credentials without their secrets, as AWS shows them. */
export function wireAuthParameters({ authorization, parameters }: Credentials): object {
  const invocation = wireParameters(parameters)
  return {
    ...wireAuthorization(authorization),
    ...(invocation !== undefined && { InvocationHttpParameters: invocation }),
  }
}

function wireAuthorization(authorization: Authorization): object {
  switch (authorization.type) {
    case 'BASIC':
      return { BasicAuthParameters: { Username: authorization.username } }
    case 'API_KEY':
      return { ApiKeyAuthParameters: { ApiKeyName: authorization.name } }
    case 'OAUTH_CLIENT_CREDENTIALS': {
      const http = wireParameters(authorization.parameters)
      return {
        OAuthParameters: {
          ClientParameters: { ClientID: authorization.clientId },
          AuthorizationEndpoint: authorization.endpoint,
          HttpMethod: authorization.method,
          ...(http !== undefined && { OAuthHttpParameters: http }),
        },
      }
    }
    default:
      return authorization satisfies never
  }
}

function wireParameters({ header, query, body }: ConnectionParameters): object | undefined {
  const lists = Object.entries({
    HeaderParameters: header,
    QueryStringParameters: query,
    BodyParameters: body,
  }).filter(([, parameters]) => parameters.length > 0)
  if (lists.length === 0) return undefined
  return Object.fromEntries(
    lists.map(([name, parameters]) => [name, parameters.map(wireParameter)]),
  )
}

function wireParameter({ key, value, isSecret }: ConnectionParameter): WireParameter {
  return { Key: key, ...(!isSecret && { Value: value }), IsValueSecret: isSecret }
}
