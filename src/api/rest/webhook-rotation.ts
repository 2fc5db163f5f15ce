import { Type } from 'typebox'
import type { Static } from 'typebox'

import type { WebhookRotation } from '#src/tenancy/webhook-rotation.ts'
import { OverlapHours, overlapMs } from './overlap.ts'

/** More than 64 bytes in base64 are, so that what is too long is refused in words. */
const SECRET_CHARACTERS_MAX = 256

/** Once, in the answer that made it. */
export const ShownSecret = Type.String({
  description: 'For the receiver, as the libraries of Standard Webhooks take it',
  examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
})
export const OwnSecret = Type.Optional(
  Type.String({
    maxLength: SECRET_CHARACTERS_MAX,
    description: 'One that receivers know already: "whsec_" and 24 to 64 bytes in base64',
  }),
)
export const Rotation = Type.Object({ overlapHours: OverlapHours, secret: OwnSecret })

export function rotationIn({ overlapHours, secret }: Static<typeof Rotation>): WebhookRotation {
  return { overlapMs: overlapMs(overlapHours), secret }
}
