import { createSign, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the next ID token says, and how it is signed, where that is not as it should be. */
export interface Forgery {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly without?: string
  readonly algorithm?: 'RS256' | 'none'
  readonly key?: KeyObject
}

/** An OpenID provider that answers any code, with any token. */
export interface ForgingProvider {
  readonly issuer: string
  forge: (nonce: string, forgery?: Forgery) => void
  /** The form of each request for a token, with its authorization header. */
  readonly asked: { readonly form: URLSearchParams; readonly authorization?: string }[]
  /** Takes the secret only in the form. */
  secretInForm: boolean
  /** What it says of itself in place of its own endpoints. */
  endpoints: Readonly<Record<string, string>>
  close: () => Promise<void>
}

export const CLIENT_ID = 'belfry'
const LIFE_S = 300

export async function startForgingProvider(): Promise<ForgingProvider> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  let idToken = ''
  let subject = ''
  const asked: ForgingProvider['asked'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = (status: number, body: object) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      const { pathname } = new URL(request.url ?? '', provider.issuer)
      if (pathname === '/.well-known/openid-configuration') return answer(200, metadata())
      if (pathname === '/jwks') {
        return answer(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), ...KEY }] })
      }
      if (pathname === '/me') return answer(200, { sub: subject, email: 'ada@example.com' })
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const { authorization } = request.headers
      asked.push({ form, ...(authorization !== undefined && { authorization }) })
      if (provider.secretInForm && !form.has('client_secret')) {
        return answer(401, { error: 'invalid_client' })
      }
      return answer(200, { access_token: 'at', token_type: 'Bearer', id_token: idToken })
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...provider.endpoints,
  })
  const provider: ForgingProvider = {
    issuer,
    asked,
    secretInForm: false,
    endpoints: {},
    forge: (nonce, forgery = {}) => {
      const now = Math.floor(Date.now() / 1_000)
      const base = { iss: issuer, aud: CLIENT_ID, sub: 'ada', iat: now, exp: now + LIFE_S, nonce }
      const claims: Record<string, unknown> = { ...base, ...forgery.claims }
      if (forgery.without !== undefined) delete claims[forgery.without]
      subject = String(claims['sub'])
      idToken = signed(claims, forgery.algorithm ?? 'RS256', forgery.key ?? privateKey)
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return provider
}

const KEY = { kid: 'one', use: 'sig', alg: 'RS256' }

function signed(claims: object, alg: string, key: KeyObject): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encoded({ alg, kid: KEY.kid, typ: 'JWT' })}.${encoded(claims)}`
  if (alg === 'none') return `${text}.`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}
