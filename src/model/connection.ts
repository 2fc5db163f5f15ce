import type { BusAddress } from './arn.ts'

/**
 * A connection holds what authorises requests to an HTTP endpoint. Its life:
 *
 *   AUTHORIZING    OAuth: a token is being fetched to see that the credentials are good
 *   AUTHORIZED     requests are made with it
 *   DEAUTHORIZED   it has no credentials any more, or the authorization endpoint refused them;
 *                  an update makes it AUTHORIZING or AUTHORIZED again
 *
 * An API destination is an endpoint and the connection that it is asked with.
 */
export type ConnectionState = 'AUTHORIZING' | 'AUTHORIZED' | 'DEAUTHORIZED'

export type AuthorizationType = 'BASIC' | 'API_KEY' | 'OAUTH_CLIENT_CREDENTIALS'

/** A parameter that a connection adds to a request. */
export interface ConnectionParameter {
  readonly key: string
  readonly value: string
  readonly isSecret: boolean
}

export interface ConnectionParameters {
  readonly header: readonly ConnectionParameter[]
  readonly query: readonly ConnectionParameter[]
  readonly body: readonly ConnectionParameter[]
}

export interface BasicAuthorization {
  readonly type: 'BASIC'
  readonly username: string
  readonly password: string
}

export interface ApiKeyAuthorization {
  readonly type: 'API_KEY'
  /** Of the header. */
  readonly name: string
  readonly value: string
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
export interface OAuthAuthorization {
  readonly type: 'OAUTH_CLIENT_CREDENTIALS'
  readonly clientId: string
  readonly clientSecret: string
  readonly endpoint: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly parameters: ConnectionParameters
}

export type Authorization = BasicAuthorization | ApiKeyAuthorization | OAuthAuthorization

/** All that a connection adds to a request; it has secrets and is stored sealed. */
export interface Credentials {
  readonly authorization: Authorization
  readonly parameters: ConnectionParameters
}

/** A connection as anyone may see it. */
export interface Connection extends BusAddress {
  readonly arn: string
  /** Names the secret as AWS would; there is no Secrets Manager to read it from. */
  readonly secretArn: string
  readonly description?: string
  readonly authorizationType: AuthorizationType
  readonly state: ConnectionState
  readonly stateReason?: string
  /** The credentials with empty texts in place of secrets; absent where it has none any more. */
  readonly shown?: Credentials
  readonly createdAt: number
  readonly modifiedAt: number
  readonly authorizedAt?: number
}

export const HTTP_METHODS = ['HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'GET', 'OPTIONS'] as const
export type HttpMethod = (typeof HTTP_METHODS)[number]

export interface ApiDestination extends BusAddress {
  readonly arn: string
  readonly description?: string
  readonly connectionArn: string
  /** An https URL; each `*` of its path is a place for a target's path parameter. */
  readonly endpoint: string
  readonly method: HttpMethod
  readonly ratePerSecond: number
  readonly createdAt: number
  readonly modifiedAt: number
}

type Kind = 'connection' | 'api-destination'

const ARN =
  /^arn:aws[\w-]*:events:([a-z]+-[a-z]+-[\w-]+):([0-9]{12}):(connection|api-destination)\/([.\-_A-Za-z0-9]+)\/[-A-Za-z0-9]+$/

/** @param id makes it another one than an earlier one of the same name */
export function connectionArn(kind: Kind, address: BusAddress, id: string): string {
  return `arn:aws:events:${address.region}:${address.account}:${kind}/${address.name}/${id}`
}

/** What an ARN names, or undefined where the text is no ARN of that kind. */
export function parseConnectionArn(kind: Kind, arn: string): BusAddress | undefined {
  const [, region = '', account = '', found, name = ''] = ARN.exec(arn) ?? []
  return found === kind ? { region, account, name } : undefined
}
