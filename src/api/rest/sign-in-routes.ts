import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { SignInConfiguration } from '#src/model/service-configuration.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { IdParams, orNull } from './route.ts'
import type { AddRoute } from './route.ts'
import { refusedPage, signedInPage } from './sign-in-page.ts'

const tag = 'organisations'

const { LOCAL, MFA, OIDC } = SignInConfiguration.properties
const Settings = Type.Object({ LOCAL, MFA, OIDC, ClientSecretSet: Type.Boolean() })
const Change = Type.Object({
  LOCAL,
  MFA,
  OIDC,
  ClientSecret: Type.Optional(
    orNull(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: 'Never shown; without it the one that is there stays, null drops it',
      }),
    ),
  ),
})

/** How an organisation's people sign in. */
export function addSignInRoutes(
  add: AddRoute,
  { signInSettings }: Pick<Tenancy, 'signInSettings'>,
): void {
  add({
    method: 'GET',
    url: '/organisations/:id/sign-in',
    tag,
    summary: 'How the people of an organisation sign in',
    permission: 'services:Read',
    params: IdParams,
    answer: [200, Settings],
    run: (caller, { params }) => signInSettings.get(caller, params.id),
  })
  add({
    method: 'PUT',
    url: '/organisations/:id/sign-in',
    tag,
    summary: 'Set how the people of an organisation sign in',
    permission: 'services:Write',
    params: IdParams,
    body: Change,
    answer: [200, Settings],
    run: (caller, { params, body }) => signInSettings.put(caller, params.id, body),
  })
}

const CALLBACK = '/sign-in/oidc/callback'
/** A SHA-256 as base64url. */
const CHALLENGE = /^[\w-]{43}$/
const PORT_MIN = 1_024
const PORT_MAX = 65_535

/** Binds a sign-in to the browser that began it; nothing else knows of it. */
const COOKIE = 'belfry-sign-in'
/** As long as a sign-in may be under way. */
const COOKIE_SECONDS = 600
const BROWSER_SECRET_BYTES = 32

/** The pages of a sign-in with a browser; they run no script. */
export function addSignInPages(
  app: FastifyInstance,
  { federation }: Pick<Tenancy, 'federation'>,
  publicUrl: () => string,
): void {
  const redirectUri = () => publicUrl() + CALLBACK
  app.get<{ Params: { alias: string }; Querystring: BeginQuery }>(
    '/sign-in/oidc/:alias',
    async ({ params, query, headers, host, url, id }, reply) =>
      onPage(reply, id, async () => {
        const back = new URL(redirectUri())
        // The provider sends the browser there: a cookie for another name would not come along.
        if (host !== back.host && query.moved === undefined) {
          const moved = `${url}${url.includes('?') ? '&' : '?'}moved=1`
          return reply.redirect(publicUrl() + moved)
        }
        const loopback = loopbackOf(query)
        // Kept, so that a browser may begin in two windows.
        const browser = cookieIn(headers.cookie) ?? ids.opaque(BROWSER_SECRET_BYTES)
        const way = { redirectUri: back.href, browser, ...(loopback !== undefined && { loopback }) }
        const away = await federation.begin(params.alias, way)
        return reply.header('set-cookie', cookieOf(browser, back)).redirect(away)
      }),
  )
  app.get(CALLBACK, async ({ url, headers, ip, id }, reply) =>
    onPage(reply, id, async () => {
      const query = url.slice(url.indexOf('?') + 1)
      const browser = cookieIn(headers.cookie)
      const came = { query, redirectUri: redirectUri(), browser, sourceAddress: ip }
      const finished = await federation.finish(came)
      if (finished.kind === 'loopback') return reply.redirect(finished.url)
      return reply.send(signedInPage(finished.session))
    }),
  )
}

interface BeginQuery {
  readonly port?: string
  readonly challenge?: string
  /** Set by the hub, which sends a browser on but once. */
  readonly moved?: string
}

function cookieIn(header: string | undefined): string | undefined {
  return /(?:^|; *)belfry-sign-in=([\w-]{43})(?:;|$)/.exec(header ?? '')?.[1]
}

/** Goes to the pages of signing in alone, and not with what another site asks for by itself. */
function cookieOf(browser: string, { protocol, pathname }: URL): string {
  const path = pathname.replace(/\/callback$/, '')
  const secure = protocol === 'https:' ? '; Secure' : ''
  return `${COOKIE}=${browser}; Path=${path}; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax${secure}`
}

async function onPage(
  reply: FastifyReply,
  requestId: string,
  work: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  void reply.headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return reply.code(error.status).send(refusedPage(error, requestId))
  }
}

function loopbackOf({ port, challenge }: { port?: unknown; challenge?: unknown }) {
  if (port === undefined && challenge === undefined) return undefined
  const number = typeof port === 'string' && /^\d{4,5}$/.test(port) ? Number(port) : 0
  const usable = number >= PORT_MIN && number <= PORT_MAX
  if (usable && typeof challenge === 'string' && CHALLENGE.test(challenge)) {
    return { port: number, challenge }
  }
  throw new RestError(
    400,
    'sign-in.invalid-loopback',
    '"port" must be a port of this machine from 1024 on and "challenge" the SHA-256 of a secret as base64url',
  )
}
