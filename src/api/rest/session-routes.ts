import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Static, TObject } from 'typebox'

import { Email, User } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import type { NewUserSession } from '#src/tenancy/user-sessions.ts'
import { Fault, exact, ref } from './route.ts'
import type { AddRoute } from './route.ts'
import { Code } from './second-factor-routes.ts'

const tag = 'sessions'

const LogIn = Type.Object(
  { email: Email, password: Type.String({ maxLength: 256 }), code: Type.Optional(Code) },
  exact,
)
const Refresh = Type.Object({ refreshToken: Type.String({ maxLength: 1_024 }) }, exact)
const ClaimSession = Type.Object(
  { code: Type.String({ maxLength: 256 }), secret: Type.String({ maxLength: 256 }) },
  exact,
)

const Instant = Type.Integer({ description: 'Epoch milliseconds' })
const NewSession = Type.Object({
  sessionToken: Type.String(),
  refreshToken: Type.String({ description: 'Good once, for the next pair of tokens' }),
  expiresAt: Type.Integer({ description: 'When the session token expires; epoch milliseconds' }),
  endsAt: Type.Integer({ description: 'When the session ends, however often it is refreshed' }),
  user: ref(User),
})
const Session = Type.Object({
  id: Type.String(),
  createdAt: Instant,
  lastUsedAt: Instant,
  expiresAt: Instant,
  endsAt: Instant,
  loginType: Type.String(),
  sourceAddress: Type.String(),
  current: Type.Boolean(),
})

export function addSessionRoutes(
  app: FastifyInstance,
  add: AddRoute,
  tenancy: Pick<Tenancy, 'sessions' | 'passwordSignIn' | 'federation'>,
): void {
  const { sessions, passwordSignIn, federation } = tenancy
  /** Adds a way to a session; whoever comes has only what it sends to show. */
  const addSignIn = <B extends TObject>(
    url: string,
    { summary, body: schema }: { readonly summary: string; readonly body: B },
    signIn: (body: Static<B>, sourceAddress: string) => Promise<NewUserSession>,
  ) => {
    const response = { 201: NewSession, default: ref(Fault) }
    app.post(
      url,
      { schema: { tags: [tag], summary, security: [], body: schema, response } },
      async ({ body, ip }, reply) => {
        void reply.code(201).header('cache-control', 'no-store')
        return signIn(body as Static<B>, ip)
      },
    )
  }

  addSignIn(
    '/sessions',
    {
      summary: 'Sign in; the session token goes into "Authorization: Bearer" for 60 minutes',
      body: LogIn,
    },
    (body, sourceAddress) => passwordSignIn.signIn({ ...body, sourceAddress }),
  )
  addSignIn(
    '/sessions/refresh',
    { summary: 'New tokens for a refresh token, which is good once', body: Refresh },
    ({ refreshToken }) => sessions.refresh(refreshToken),
  )
  addSignIn(
    '/sessions/claim',
    { summary: 'The session of a command line that signed in with a browser', body: ClaimSession },
    (body, sourceAddress) => federation.claim({ ...body, sourceAddress }),
  )
  addOwnSessionRoutes(add, sessions)
}

function addOwnSessionRoutes(add: AddRoute, sessions: Tenancy['sessions']): void {
  add({
    method: 'GET',
    url: '/sessions',
    tag,
    summary: "List one's own sessions",
    answer: [200, Type.Object({ items: Type.Array(Session) })],
    run: async (caller) => ({ items: await sessions.list(caller) }),
  })
  add({
    method: 'DELETE',
    url: '/sessions/current',
    tag,
    summary: 'Sign out of this session',
    answer: [204],
    run: (caller) => sessions.endCurrent(caller),
  })
  add({
    method: 'DELETE',
    url: '/sessions',
    tag,
    summary: 'Sign out everywhere',
    answer: [204],
    run: (caller) => sessions.endAll(caller),
  })
  add({
    method: 'GET',
    url: '/caller',
    tag,
    summary: 'Who this call is made by',
    answer: [
      200,
      Type.Object({
        arn: Type.String(),
        role: Type.String(),
        organisationId: Type.Optional(Type.String()),
        awsAccountId: Type.Optional(Type.String()),
        user: Type.Optional(ref(User)),
        session: Type.Optional(
          Type.Object({ id: Type.String(), expiresAt: Instant, endsAt: Instant }),
        ),
        mustEnrol: Type.Optional(
          Type.Boolean({ description: 'A second factor must be set up before anything else' }),
        ),
      }),
    ],
    run: async (caller) => ({ ...caller, user: await sessions.userBehind(caller) }),
  })
}
