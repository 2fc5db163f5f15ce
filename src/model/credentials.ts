import type { Authorization, ConnectionParameters, Credentials } from './connection.ts'

export const NO_PARAMETERS: ConnectionParameters = { header: [], query: [], body: [] }

/** The credentials with an empty text in place of each secret. */
export function withoutSecrets({ authorization, parameters }: Credentials): Credentials {
  return {
    authorization: authorizationWithoutSecrets(authorization),
    parameters: parametersWithoutSecrets(parameters),
  }
}

/** Every secret, in each spelling that an answer may repeat, the longest first. */
export function secretTextsOf(credentials: Credentials, token?: string): readonly string[] {
  const { authorization, parameters } = credentials
  const plain = [
    ...secretsOf(authorization),
    ...secretsOfParameters(parameters),
    ...(token === undefined ? [] : [token]),
  ].filter((secret) => secret !== '')
  const spelled = plain.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
  ])
  const basic = authorization.type === 'BASIC' ? [basicCredentials(authorization)] : []
  // A secret may be a part of another one.
  return [...new Set([...basic, ...spelled])].toSorted((a, b) => b.length - a.length)
}

/** https://www.rfc-editor.org/rfc/rfc7617 */
export function basicCredentials(given: {
  readonly username: string
  readonly password: string
}): string {
  return Buffer.from(`${given.username}:${given.password}`).toString('base64')
}

function authorizationWithoutSecrets(authorization: Authorization): Authorization {
  switch (authorization.type) {
    case 'BASIC':
      return { ...authorization, password: '' }
    case 'API_KEY':
      return { ...authorization, value: '' }
    case 'OAUTH_CLIENT_CREDENTIALS':
      return {
        ...authorization,
        clientSecret: '',
        parameters: parametersWithoutSecrets(authorization.parameters),
      }
    default:
      return authorization satisfies never
  }
}

function secretsOf(authorization: Authorization): readonly string[] {
  switch (authorization.type) {
    case 'BASIC':
      return [authorization.password]
    case 'API_KEY':
      return [authorization.value]
    case 'OAUTH_CLIENT_CREDENTIALS':
      return [authorization.clientSecret, ...secretsOfParameters(authorization.parameters)]
    default:
      return authorization satisfies never
  }
}

function parametersWithoutSecrets({ header, query, body }: ConnectionParameters) {
  const shown = (parameters: ConnectionParameters['body']) =>
    parameters.map((one) => (one.isSecret ? { ...one, value: '' } : one))
  return { header: shown(header), query: shown(query), body: shown(body) }
}

function secretsOfParameters({ header, query, body }: ConnectionParameters): readonly string[] {
  return [...header, ...query, ...body].flatMap(({ value, isSecret }) => (isSecret ? [value] : []))
}
