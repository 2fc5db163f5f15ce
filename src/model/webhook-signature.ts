import { createHmac } from 'node:crypto'

/**
 * Standard Webhooks 1.0.0: how a receiver can tell that a body is ours, whole and new. Anything
 * that posts to somebody's URL signs with this, and receivers check with the libraries that there
 * are in nine languages.
 */

/** A message as it is signed. */
export interface WebhookMessage {
  /** The same on each try, so that a receiver sees what it has already; without a dot. */
  readonly id: string
  /** Of this try, in epoch seconds. */
  readonly timestamp: number
  /** Exactly what is sent. */
  readonly body: string | Uint8Array
}

/** What a signing secret starts with; the rest is its bytes in base64. */
export const WEBHOOK_SECRET_PREFIX = 'whsec_'
const SECRET_BYTES_MIN = 24
const SECRET_BYTES_MAX = 64
/** HMAC-SHA256. */
const SCHEME = 'v1'

/**
 * The headers to send beside the body.
 * @param secrets as `whsec_...`; several while one follows another: each signs
 */
export function webhookSignatureHeaders(
  { id, timestamp, body }: WebhookMessage,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  // What is signed is joined with dots: one in the id could shift what stands where.
  if (id.includes('.')) throw new Error(`the id "${id}" of a webhook message has a dot`)
  const signatures = secrets.map((secret) => {
    const signed = createHmac('sha256', bytesOf(secret)).update(`${id}.${timestamp}.`).update(body)
    return `${SCHEME},${signed.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}

/** Whether a text is a signing secret that every library takes: 24 to 64 bytes, padded base64. */
export function isWebhookSecret(text: string): boolean {
  if (!text.startsWith(WEBHOOK_SECRET_PREFIX)) return false
  const bytes = bytesOf(text)
  const isPlain = text === WEBHOOK_SECRET_PREFIX + bytes.toString('base64')
  return isPlain && bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX
}

function bytesOf(secret: string): Buffer {
  return Buffer.from(secret.slice(WEBHOOK_SECRET_PREFIX.length), 'base64')
}
