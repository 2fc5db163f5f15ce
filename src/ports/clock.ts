/** The one source of time. */
export interface Clock {
  /** Epoch ms. */
  now(): number
}

export const systemClock: Clock = {
  // oxlint-disable-next-line no-restricted-properties -- the one place that reads the clock
  now: () => Date.now(),
}
