import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { SignInConfiguration } from '#src/model/service-configuration.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { IdParams, exact } from './route.ts'
import type { AddRoute } from './route.ts'
import { refusedPage, signedInPage } from './sign-in-page.ts'

const tag = 'organisations'

const { LOCAL, MFA, OIDC } = SignInConfiguration.properties
const Settings = Type.Object({ LOCAL, MFA, OIDC, ClientSecretSet: Type.Boolean() })
const Change = Type.Object(
  {
    LOCAL,
    MFA,
    OIDC,
    ClientSecret: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 512 }), Type.Null()], {
        description: 'Never shown; without it the one that is there stays, null drops it',
      }),
    ),
  },
  exact,
)

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

/** The pages of a sign-in with a browser; they set no cookie and run no script. */
export function addSignInPages(
  app: FastifyInstance,
  { federation }: Pick<Tenancy, 'federation'>,
  publicUrl: () => string,
): void {
  const redirectUri = () => publicUrl() + CALLBACK
  app.get<{ Params: { alias: string }; Querystring: { port?: string; challenge?: string } }>(
    '/sign-in/oidc/:alias',
    async ({ params, query, id }, reply) =>
      onPage(reply, id, async () => {
        const loopback = loopbackOf(query)
        const way = { redirectUri: redirectUri(), ...(loopback !== undefined && { loopback }) }
        return reply.redirect(await federation.begin(params.alias, way))
      }),
  )
  app.get(CALLBACK, async ({ url, ip, id }, reply) =>
    onPage(reply, id, async () => {
      const query = url.slice(url.indexOf('?') + 1)
      const came = { query, redirectUri: redirectUri(), sourceAddress: ip }
      const finished = await federation.finish(came)
      if (finished.kind === 'loopback') return reply.redirect(finished.url)
      return reply.send(signedInPage(finished.session))
    }),
  )
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
