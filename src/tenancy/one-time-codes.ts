import { timingSafeEqual } from 'node:crypto'

import { Secret, TOTP } from 'otpauth'

/** What RFC 6238 recommends and every authenticator app knows. */
const PERIOD_S = 30
const DIGITS = 6
const ALGORITHM = 'SHA1'
/** RFC 4226 asks for 128 bits and recommends 160. */
export const TOTP_SECRET_BYTES = 20
/** Steps before and after the present one, for clocks that differ and people who type. */
const STEPS_EITHER_WAY = 1

const ISSUER = 'Belfry'

/** The secret in Base32 and as an `otpauth` URI, the text of an authenticator's QR code. */
export function newTotp(secret: Uint8Array, email: string) {
  // A copy: the buffer behind small ones is shared.
  const { buffer } = Uint8Array.from(secret)
  const totp = new TOTP({
    issuer: ISSUER,
    label: email,
    secret: new Secret({ buffer }),
    algorithm: ALGORITHM,
    digits: DIGITS,
    period: PERIOD_S,
  })
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * The time step that a code is right for, of the present one and its neighbours, if it comes
 * after `lastStep`: whoever saw a code that was used cannot use it again (RFC 6238, 5.2).
 */
export function acceptedStep(
  base32: string,
  code: string,
  { now, lastStep }: { readonly now: number; readonly lastStep: number },
): number | undefined {
  const present = stepAt(now)
  let accepted: number | undefined
  for (let step = present - STEPS_EITHER_WAY; step <= present + STEPS_EITHER_WAY; step += 1) {
    if (sameText(codeOf(base32, step), code) && step > lastStep) accepted ??= step
  }
  return accepted
}

export function stepAt(now: number): number {
  return Math.floor(now / (PERIOD_S * 1_000))
}

export function codeOf(base32: string, step: number): string {
  const timestamp = step * PERIOD_S * 1_000
  const secret = Secret.fromBase32(base32)
  return TOTP.generate({
    secret,
    algorithm: ALGORITHM,
    digits: DIGITS,
    period: PERIOD_S,
    timestamp,
  })
}

function sameText(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
