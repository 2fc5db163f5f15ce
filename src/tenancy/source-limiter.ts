import { RestError } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'

/** Failed sign-ins from one address within the window: an office behind one address has many people. */
export const SOURCE_FAILURES_MAX = 60
export const SOURCE_WINDOW_MS = 15 * 60_000
/** Addresses remembered; the one that came first is forgotten. */
const SOURCES_MAX = 10_000

/** Bounds what one address may try, so that it neither locks everyone nor guesses everywhere. */
export interface SourceLimiter {
  /**
   * Counts a try, before anything is known of it.
   * @throws RestError 429 session.too-many-attempts
   */
  begin(address: string): void
  /** Takes the try back: it did not fail. */
  takeBack(address: string): void
}

export function createSourceLimiter(clock: Clock): SourceLimiter {
  const sources = new Map<string, { tries: number; readonly since: number }>()
  const current = (source: string) => {
    const found = sources.get(source)
    return found !== undefined && clock.now() - found.since < SOURCE_WINDOW_MS ? found : undefined
  }
  return {
    begin: (address) => {
      const source = sourceOf(address)
      const found = current(source)
      if (found === undefined) {
        sources.delete(source)
        const [first] = sources.keys()
        if (sources.size >= SOURCES_MAX && first !== undefined) sources.delete(first)
        sources.set(source, { tries: 1, since: clock.now() })
        return
      }
      if (found.tries >= SOURCE_FAILURES_MAX) {
        throw new RestError(
          429,
          'session.too-many-attempts',
          `too many sign-ins from this address failed: wait up to ${SOURCE_WINDOW_MS / 60_000} minutes and try again`,
        )
      }
      found.tries += 1
    },
    takeBack: (address) => {
      const found = current(sourceOf(address))
      if (found !== undefined) found.tries = Math.max(0, found.tries - 1)
    },
  }
}

const GROUPS_OF_IPV6 = 8
/** A subscriber of IPv6 has at least a /64, and may call from any address in it. */
const GROUPS_OF_SUBSCRIBER = 4

/** The address, or for IPv6 the network that it is in. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [before = '', after] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const head = before.split(':').filter((group) => group !== '')
  const tail = (after ?? '').split(':').filter((group) => group !== '')
  const zeros = Math.max(0, GROUPS_OF_IPV6 - head.length - tail.length)
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
  return groups
    .slice(0, GROUPS_OF_SUBSCRIBER)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
