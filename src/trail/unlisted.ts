import type { ObjectStore } from '#src/ports/object-store.ts'
import { manifestKey, parseManifest, parseObjectKey, sequenceOfManifest } from './manifest.ts'

/** Keys of manifests that are kept in memory, while what is stored is compared with them. */
const MANIFESTS_KEPT_MAX = 256

export interface Unlisted {
  readonly kind: 'manifest-added' | 'object-added'
  readonly key: string
  readonly message: string
}

/**
 * What stands in the place of a trail although no manifest lists it.
 * @param top the newest manifest that was walked; what is newer is judged by `newest` alone
 * @param newest asked at the end: the last sequence that the hub may have written to by now
 */
export async function* unlisted(
  store: ObjectStore,
  { top, newest }: { readonly top: number; readonly newest: () => Promise<number> },
): AsyncGenerator<Unlisted> {
  const lists = createLists(store)
  const added = (key: string, message: string): Unlisted => ({ kind: 'object-added', key, message })
  const newer: { readonly key: string; readonly sequence: number }[] = []
  for await (const { key } of store.list('')) {
    const manifest = sequenceOfManifest(key)
    const sequence = manifest ?? parseObjectKey(key)?.sequence
    if (sequence === undefined) yield added(key, 'the trail has no such key')
    else if (sequence > top || sequence === 0) newer.push({ key, sequence })
    else if (manifest === undefined && !(await lists(sequence, key))) {
      yield added(key, `manifest ${sequence} does not list it`)
    }
  }
  const last = newer.length === 0 ? 0 : await newest()
  for (const { key, sequence } of newer) {
    if (sequence > 0 && sequence <= last) continue
    if (sequenceOfManifest(key) === undefined) yield added(key, 'no manifest lists it')
    else yield { kind: 'manifest-added', key, message: 'it is not of this chain' }
  }
}

/** Whether a manifest lists a key; keys come by day, so neighbours ask for the same manifests. */
function createLists(store: ObjectStore) {
  const kept = new Map<number, ReadonlySet<string> | undefined>()
  return async (sequence: number, key: string): Promise<boolean> => {
    if (!kept.has(sequence)) {
      const oldest = kept.keys().next().value
      if (kept.size >= MANIFESTS_KEPT_MAX && oldest !== undefined) kept.delete(oldest)
      const bytes = await store.get(manifestKey(sequence)).catch(() => undefined)
      const manifest = bytes === undefined ? undefined : parseManifest(bytes)
      kept.set(sequence, manifest && new Set(manifest.objects.map((object) => object.key)))
    }
    const keys = kept.get(sequence)
    // A manifest that cannot be read has been reported; what it listed nobody can say.
    return keys === undefined || keys.has(key)
  }
}
