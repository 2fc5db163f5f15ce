import { AwsError } from '#src/errors.ts'
import type {
  Authorization,
  AuthorizationType,
  ConnectionParameters,
  Credentials,
} from '#src/model/connection.ts'
import { NO_PARAMETERS } from '#src/model/credentials.ts'
import { isSettableHeader } from '#src/model/http-parameters.ts'

/** An authorization of which some is left out: that stays as it is. */
export type PartialAuthorization = PartOf<Authorization>
type PartOf<A extends Authorization> = A extends unknown
  ? Pick<A, 'type'> & { readonly [Name in Exclude<keyof A, 'type'>]?: A[Name] }
  : never

/** What a call sets of credentials. */
export interface CredentialsChange {
  readonly authorizationType?: AuthorizationType
  readonly authorizations: readonly PartialAuthorization[]
  readonly parameters?: ConnectionParameters
}

/** By AWS's names: what each type of authorization cannot do without. */
const REQUIRED: Readonly<Record<AuthorizationType, Readonly<Record<string, string>>>> = {
  BASIC: {
    username: 'BasicAuthParameters.Username',
    password: 'BasicAuthParameters.Password',
  },
  API_KEY: {
    name: 'ApiKeyAuthParameters.ApiKeyName',
    value: 'ApiKeyAuthParameters.ApiKeyValue',
  },
  OAUTH_CLIENT_CREDENTIALS: {
    clientId: 'OAuthParameters.ClientParameters.ClientID',
    clientSecret: 'OAuthParameters.ClientParameters.ClientSecret',
    endpoint: 'OAuthParameters.AuthorizationEndpoint',
    method: 'OAuthParameters.HttpMethod',
  },
}

/**
 * The credentials that a change makes of those before, if there are any.
 * @throws AwsError ValidationException where something is missing or belongs to another type
 */
export function changedCredentials(
  type: AuthorizationType,
  before: Credentials | undefined,
  { authorizations, parameters }: CredentialsChange,
): Credentials {
  const other = authorizations.find((given) => given.type !== type)
  if (other !== undefined) {
    throw invalid(
      `Parameter AuthParameters is not valid. Reason: parameters for ${other.type} authorization were given, but the AuthorizationType is ${type}.`,
    )
  }
  const kept = before?.authorization.type === type ? before.authorization : {}
  return {
    authorization: completeAuthorization(type, [kept, ...authorizations]),
    parameters: parameters ?? before?.parameters ?? NO_PARAMETERS,
  }
}

function completeAuthorization(type: AuthorizationType, parts: readonly object[]): Authorization {
  const given: Readonly<Record<string, unknown>> = Object.assign({}, ...parts)
  const missing = Object.entries(REQUIRED[type]).find(([name]) => given[name] === undefined)
  if (missing !== undefined) {
    throw invalid(`Parameter(s) AuthParameters.${missing[1]} must be specified.`)
  }
  // Each member comes from a part of this type, and none is missing.
  const authorization = {
    ...(type === 'OAUTH_CLIENT_CREDENTIALS' && { parameters: NO_PARAMETERS }),
    ...given,
    type,
  } as Authorization
  if (authorization.type === 'API_KEY') checkHeader(authorization.name)
  return authorization
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/

/** A key under a name that cannot be sent would be left out without a word. */
function checkHeader(name: string): void {
  if (HEADER_NAME.test(name) && isSettableHeader(name)) return
  throw invalid(
    `Parameter AuthParameters.ApiKeyAuthParameters.ApiKeyName is not valid. Reason: ${name} is not the name of a header that can be set.`,
  )
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
