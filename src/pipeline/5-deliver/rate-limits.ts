export interface RateLimits {
  /**
   * Takes a turn of what is limited to so many in any second. Answers nothing where there was one,
   * else the time (epoch ms) before which there is none.
   */
  take(name: string, perSecond: number, now: number): number | undefined
}

const WINDOW_MS = 1_000

/**
 * Rate limits that several lanes share. Each holds the times of its turns of the last second, in
 * order, so that no second ever sees more than it may, wherever it begins.
 */
export function createRateLimits(): RateLimits {
  const turns = new Map<string, number[]>()
  return {
    take: (name, perSecond, now) => {
      const taken = turns.get(name) ?? []
      // After the clock was set back there is no telling: the second starts anew.
      if ((taken.at(-1) ?? 0) > now) taken.length = 0
      const firstInWindow = taken.findIndex((at) => at > now - WINDOW_MS)
      taken.splice(0, firstInWindow === -1 ? taken.length : firstInWindow)
      const blocking = taken.at(-perSecond)
      if (blocking !== undefined) return blocking + WINDOW_MS
      taken.push(now)
      turns.delete(name)
      turns.set(name, taken)
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
