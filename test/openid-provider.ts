import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// @ts-expect-error -- it has no types
import { Provider } from 'oidc-provider'

export const CLIENT = { id: 'belfry', secret: 'the-secret-of-the-client' } as const

/** A real OpenID provider, with the accounts that a test gives it. */
export interface OpenIdProvider {
  readonly issuer: string
  /** By what is typed at its sign-in; the claims beside `sub`. */
  readonly accounts: Map<string, Record<string, unknown>>
  close(): Promise<void>
}

/** @param hubUrl whose callback it sends browsers back to */
export async function startOpenIdProvider(hubUrl: string): Promise<OpenIdProvider> {
  const accounts: OpenIdProvider['accounts'] = new Map()
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
  const server: Server = createServer((request, response) => handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${hubUrl}/sign-in/oidc/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: {
      openid: ['sub', 'groups'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name'],
    },
    findAccount: (_context: unknown, accountId: string) => {
      const claims = accounts.get(accountId)
      if (claims === undefined) return undefined
      return { accountId, claims: () => ({ sub: accountId, ...claims }) }
    },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['a key for cookies in tests'] },
    pkce: { required: () => true },
  })
  handle = provider.callback()
  return {
    issuer,
    accounts,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface Page {
  /** The browser's cookies. */
  readonly cookie: string
  readonly url: string
  readonly status: number
  readonly text: string
}

const REDIRECTS_MAX = 20

/**
 * A browser: follows redirects with its cookies, and at the provider signs in as `login`; stops
 * at the first page that is not the provider's, or whose address `stopAt` knows.
 */
export async function signInWithBrowser(
  start: string,
  login: string,
  stopAt: (url: string) => boolean = () => false,
): Promise<Page> {
  const jar = new Map<string, string>()
  let url = start
  let form: URLSearchParams | undefined
  for (let visited = 0; visited < REDIRECTS_MAX; visited += 1) {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    if (stopAt(url)) return { cookie, url, status: 0, text: '' }
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form !== undefined && { method: 'POST', body: form }),
    })
    form = undefined
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (name !== undefined) jar.set(name, value ?? '')
    }
    const text = await answer.text()
    const location = answer.headers.get('location')
    if (location !== null) {
      url = new URL(location, url).href
      continue
    }
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(text) ?? []
    if (prompt === undefined) return { cookie, url, status: answer.status, text }
    form = new URLSearchParams({ prompt, login, password: 'any' })
  }
  throw new Error(`more than ${REDIRECTS_MAX} redirects, the last to ${url}`)
}
