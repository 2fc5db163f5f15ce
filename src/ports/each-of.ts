/** How fast a list is worked through. */
export interface Pace {
  /** How many are under way together. */
  readonly atOnce: number
  /** Ends it between two rounds: what it aborted with is thrown. */
  readonly signal?: AbortSignal
}

/** Does the same for each, a few at a time; what comes of it is in the order that was given. */
export async function eachOf<T, R>(
  items: readonly T[],
  { atOnce, signal }: Pace,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += atOnce) {
    signal?.throwIfAborted()
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
  }
  return results
}
