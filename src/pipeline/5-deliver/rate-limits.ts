export interface RateLimits {
  /** The time (epoch ms) before which there is no turn; nothing where there is one. */
  notBefore(limit: RateLimit, now: number): number | undefined
  /** Takes a turn where there is one, else answers as `notBefore`. */
  take(limit: RateLimit, now: number): number | undefined
}

/** What is limited to so many turns in any second. */
export interface RateLimit {
  readonly name: string
  readonly perSecond: number
}

const WINDOW_MS = 1_000

/**
 * Rate limits that several lanes share. Each holds the times of its turns of the last second, in
 * order, so that no second ever sees more than it may, wherever it begins.
 */
export function createRateLimits(): RateLimits {
  const turns = new Map<string, number[]>()

  const ofLastSecond = (name: string, now: number): number[] => {
    const taken = turns.get(name) ?? []
    // After the clock was set back there is no telling: the second starts anew.
    if ((taken.at(-1) ?? 0) > now) taken.length = 0
    const first = taken.findIndex((at) => at > now - WINDOW_MS)
    taken.splice(0, first === -1 ? taken.length : first)
    return taken
  }
  const notBefore: RateLimits['notBefore'] = ({ name, perSecond }, now) => {
    const blocking = ofLastSecond(name, now).at(-perSecond)
    return blocking === undefined ? undefined : blocking + WINDOW_MS
  }
  return {
    notBefore,
    take: (limit, now) => {
      const until = notBefore(limit, now)
      if (until !== undefined) return until
      const taken = ofLastSecond(limit.name, now)
      taken.push(now)
      turns.delete(limit.name)
      turns.set(limit.name, taken)
      forgetIdle(turns, now)
      return undefined
    },
  }
}

/** Those that had their last turn longest ago come first. */
function forgetIdle(turns: Map<string, number[]>, now: number): void {
  for (const [name, taken] of turns) {
    if ((taken.at(-1) ?? 0) > now - WINDOW_MS) return
    turns.delete(name)
  }
}
