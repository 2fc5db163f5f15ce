import type { Clock } from '#src/ports/clock.ts'

/** How fast something may go: so much in a second in the long run, and so much at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A bucket of tokens for each name, as AWS throttles its APIs. */
export interface TokenBuckets {
  /** Takes as many tokens as wanted, or as there are; answers how many it has taken. */
  take(name: string, wanted: number): number
}

interface Bucket {
  readonly tokens: number
  /** Epoch ms. */
  readonly at: number
}

const MS_PER_SECOND = 1_000

/** Full buckets are those that nobody has seen yet, so only the others are kept. */
export function createTokenBuckets({ perSecond, burst }: Rate, clock: Clock): TokenBuckets {
  const buckets = new Map<string, Bucket>()
  const tokensNow = ({ tokens, at }: Bucket, now: number) =>
    // A clock that was set back gives nothing.
    Math.min(burst, tokens + (Math.max(0, now - at) * perSecond) / MS_PER_SECOND)

  return {
    take: (name, wanted) => {
      const now = clock.now()
      const known = buckets.get(name)
      const tokens = known === undefined ? burst : tokensNow(known, now)
      const taken = Math.min(wanted, Math.floor(tokens))
      buckets.delete(name)
      buckets.set(name, { tokens: tokens - taken, at: now })
      // Those that were last asked for longest ago come first.
      for (const [other, bucket] of buckets) {
        if (tokensNow(bucket, now) < burst) break
        buckets.delete(other)
      }
      return taken
    },
  }
}
