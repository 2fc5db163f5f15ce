import { createHmac, timingSafeEqual } from 'node:crypto'

/** How Slack signs what it posts: https://docs.slack.dev/authentication/verifying-requests-from-slack */

/** A request as it came. */
export interface SlackRequest {
  /** `X-Slack-Request-Timestamp`, in epoch seconds. */
  readonly timestamp: string | undefined
  /** `X-Slack-Signature`. */
  readonly signature: string | undefined
  readonly body: Uint8Array
}

/** What Slack asks for. */
const AGE_MS_MAX = 5 * 60_000

/**
 * Whether Slack has signed a request with this secret within the last five minutes.
 * @param now in epoch milliseconds
 */
export function isSignedBySlack(
  { timestamp = '', signature = '', body }: SlackRequest,
  secret: string,
  now: number,
): boolean {
  if (!/^[0-9]{1,12}$/.test(timestamp)) return false
  if (Math.abs(now - Number(timestamp) * 1_000) > AGE_MS_MAX) return false
  const signed = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body)
  const expected = Buffer.from(`v0=${signed.digest('hex')}`)
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
