import { Type } from 'typebox'

import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { Code, GivenPassword } from './proofs.ts'
import type { AddRoute } from './route.ts'

const tag = 'sessions'

const CodeBody = Type.Object({ code: Code })

/** What users do about their own second factor. */
export function addSecondFactorRoutes(
  add: AddRoute,
  { secondFactors }: Pick<Tenancy, 'secondFactors'>,
): void {
  add({
    method: 'POST',
    url: '/second-factor',
    tag,
    summary:
      'Begin to set up a second factor, with the password: its secret, for an authenticator app, shown once',
    body: Type.Object({ password: GivenPassword }),
    answer: [
      201,
      Type.Object({
        secret: Type.String({ description: 'Base32' }),
        uri: Type.String({ description: 'otpauth://, the text of the QR code' }),
      }),
    ],
    run: (caller, { body }) => secondFactors.enrol(caller, body.password),
  })
  add({
    method: 'POST',
    url: '/second-factor/confirm',
    tag,
    summary: 'Make the second factor active with a code; its recovery codes, each good once',
    body: CodeBody,
    answer: [200, Type.Object({ recoveryCodes: Type.Array(Type.String()) })],
    run: async (caller, { body }) => ({
      recoveryCodes: await secondFactors.confirm(caller, body.code),
    }),
  })
  add({
    method: 'DELETE',
    url: '/second-factor',
    tag,
    summary: "Take away one's own second factor, with a code of it",
    body: CodeBody,
    answer: [204],
    run: (caller, { body }) => secondFactors.remove(caller, body.code),
  })
}
