/**
 * How long a Retry-After asks to wait, in ms: seconds or a date, RFC 9110 section 10.2.3.
 * @param now epoch ms
 * @returns undefined where it asks for nothing, or for what is over
 */
export function retryAfterMsOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now
  return waitMs > 0 ? waitMs : undefined
}
