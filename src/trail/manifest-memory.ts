/** What is remembered of manifests, in objects that they list: some ten megabytes. */
const LISTED_KEPT_MAX = 50_000

/** Reads of each manifest what is asked; keys come by day, so neighbours ask for the same ones. */
export function rememberingManifests<T>(
  read: (sequence: number) => Promise<T>,
  listedIn: (made: T) => number,
): (sequence: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>()
  /** Of those that have been read, the oldest first. */
  const weights = new Map<number, number>()
  let listed = 0
  const remember = async (sequence: number): Promise<T> => {
    const made = await read(sequence)
    const added = 1 + listedIn(made)
    weights.set(sequence, added)
    listed += added
    for (const [oldest, weight] of weights) {
      if (listed <= LISTED_KEPT_MAX || oldest === sequence) break
      weights.delete(oldest)
      kept.delete(oldest)
      listed -= weight
    }
    return made
  }
  return (sequence) => {
    const known = kept.get(sequence)
    if (known !== undefined) return known
    const reading = remember(sequence)
    kept.set(sequence, reading)
    return reading
  }
}
