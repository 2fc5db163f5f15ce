import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { Email, User } from '#src/model/tenancy.ts'
import type { Sessions } from '#src/tenancy/sessions.ts'
import { Fault, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const LogIn = Type.Object(
  { email: Email, password: Type.String({ maxLength: 256 }) },
  { additionalProperties: false },
)

export function addSessionRoutes(app: FastifyInstance, add: AddRoute, sessions: Sessions): void {
  app.post<{ Body: { email: string; password: string } }>(
    '/sessions',
    {
      schema: {
        tags: ['sessions'],
        summary: 'Log in; the session token goes into "Authorization: Bearer" for 60 minutes',
        security: [],
        body: LogIn,
        response: {
          201: Type.Object({
            sessionToken: Type.String(),
            expiresAt: Type.Integer({ description: 'Epoch milliseconds' }),
            user: ref(User),
          }),
          default: ref(Fault),
        },
      },
    },
    async ({ body }, reply) => {
      void reply.code(201)
      return sessions.logIn(body.email, body.password)
    },
  )
  add({
    method: 'GET',
    url: '/caller',
    tag: 'sessions',
    summary: 'Who this call is made by',
    answer: [
      200,
      Type.Object({
        arn: Type.String(),
        role: Type.String(),
        organisationId: Type.Optional(Type.String()),
        awsAccountId: Type.Optional(Type.String()),
      }),
    ],
    run: async (caller) => caller,
  })
}
