/** Manifests that are remembered: more than a flush a minute makes in a day. */
const MANIFESTS_KEPT_MAX = 4_096

/** Reads of each manifest what is asked; keys come by day, so neighbours ask for the same ones. */
export function rememberingManifests<T>(
  read: (sequence: number) => Promise<T>,
): (sequence: number) => Promise<T> {
  const kept = new Map<number, T>()
  return async (sequence) => {
    const known = kept.get(sequence)
    if (known !== undefined || kept.has(sequence)) return known as T
    const oldest = kept.keys().next().value
    if (kept.size >= MANIFESTS_KEPT_MAX && oldest !== undefined) kept.delete(oldest)
    const made = await read(sequence)
    kept.set(sequence, made)
    return made
  }
}
