import { RestError } from '#src/errors.ts'
import { WEBHOOK_SECRET_PREFIX, isWebhookSecret } from '#src/model/webhook-signature.ts'
import type { Ids } from '#src/ports/ids.ts'

/**
 * How a secret that signs by Standard Webhooks follows another one, whosever it is: both sign for
 * as long as the overlap, and at most two ever do.
 */

/** What is stored of one: sealed alone, or with what else must not show. */
export interface SealedSecret {
  readonly sealed: string
  readonly rotatedAt?: number
  /** As it was before the last rotation. */
  readonly previous?: { readonly sealed: string; readonly until: number }
}

export interface WebhookRotation {
  /** How long the old secret signs too; 0: not at all. */
  readonly overlapMs: number
  /** One that receivers know already; absent: a new one. */
  readonly secret?: string | undefined
}

/** As long as what SHA-256 makes; Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32

export function newWebhookSecret(ids: Ids): string {
  const bytes = Buffer.from(ids.opaque(SECRET_BYTES), 'base64url')
  return WEBHOOK_SECRET_PREFIX + bytes.toString('base64')
}

/** @throws RestError 400 that does not repeat what was given */
export function checkedWebhookSecret(text: string, code: string): string {
  if (isWebhookSecret(text)) return text
  throw new RestError(
    400,
    code,
    `a webhook secret is "${WEBHOOK_SECRET_PREFIX}" and then 24 to 64 bytes in base64, padded with "="`,
  )
}

/**
 * Until when the secret that is replaced would sign too; undefined: it would not.
 * @param replaced undefined where it cannot be opened any more: then it signs nothing any more
 */
export function overlapUntil(
  replaced: string | undefined,
  { now, overlapMs }: { readonly now: number; readonly overlapMs: number },
): number | undefined {
  return overlapMs > 0 && replaced !== undefined ? now + overlapMs : undefined
}

export interface Replacement {
  readonly secret: string
  /** The new secret as it is stored. */
  readonly sealed: string
  readonly replaced: string | undefined
  /** @see overlapUntil */
  readonly until: number | undefined
  readonly now: number
}

/** @throws RestError 409 where nothing changes, or a third secret would sign */
export function rotated<T extends SealedSecret>(
  before: T,
  { secret, sealed, replaced, until, now }: Replacement,
): Omit<T, 'previous'> & SealedSecret {
  if (replaced === secret) throw unchanged()
  const older = previousUntilAt(before, now)
  if (until !== undefined && older !== undefined) throw overlapping(older)
  const { previous: _, ...rest } = before
  const previous = until !== undefined && { previous: { sealed: before.sealed, until } }
  return { ...rest, sealed, rotatedAt: now, ...previous }
}

/** Ends an overlap before its time. @throws RestError 409 where there is none */
export function withoutPrevious<T extends SealedSecret>(before: T, now: number) {
  if (previousUntilAt(before, now) === undefined) throw noPrevious()
  const { previous: _, ...after } = before
  return after
}

/** What signs at a moment, as it is sealed, the newest first. */
export function signingAt({ sealed, previous }: SealedSecret, now: number): readonly string[] {
  return previous !== undefined && now < previous.until ? [sealed, previous.sealed] : [sealed]
}

/** When the overlap ends in which a moment is. */
export function previousUntilAt(
  { previous }: Pick<SealedSecret, 'previous'>,
  now: number,
): number | undefined {
  return previous !== undefined && now < previous.until ? previous.until : undefined
}

function unchanged(): RestError {
  return new RestError(409, 'webhook-secret.unchanged', 'the new secret is the one that it has')
}

function overlapping(until: number): RestError {
  return new RestError(
    409,
    'webhook-secret.overlap',
    `the secret before this one signs until ${new Date(until).toISOString()}: end it first, or rotate without an overlap, after which the new one signs alone`,
  )
}

function noPrevious(): RestError {
  return new RestError(
    409,
    'webhook-secret.no-previous',
    'no secret from before the last rotation signs any more',
  )
}
