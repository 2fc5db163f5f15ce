import type { ObjectStore } from '#src/ports/object-store.ts'
import { contentOf } from './content.ts'
import { rememberingManifests } from './manifest-memory.ts'
import { manifestKey, parseManifest, parseObjectKey, sequenceOfManifest } from './manifest.ts'

export interface Unlisted {
  readonly kind: 'manifest-added' | 'object-added'
  readonly key: string
  readonly message: string
}

/**
 * What stands in the place of a trail although no manifest lists it.
 * @param top the newest manifest that was walked; what is newer is judged by `newest` alone
 * @param newest the last sequence that the hub may be writing to by now
 */
export async function* unlisted(
  store: ObjectStore,
  { top, newest }: { readonly top: number; readonly newest: () => Promise<number> },
): AsyncGenerator<Unlisted> {
  const lists = createLists(store)
  const added = (key: string, message: string): Unlisted => ({ kind: 'object-added', key, message })
  let last = top
  for await (const { key } of store.list('')) {
    const manifest = sequenceOfManifest(key)
    const sequence = manifest ?? parseObjectKey(key)?.sequence
    if (sequence === undefined) yield added(key, 'the trail has no such key')
    else if (sequence > top || sequence === 0) {
      // A plan is durable before its objects are, so that asking after seeing one is soon enough.
      if (sequence > last) last = await newest()
      if (sequence > 0 && sequence <= last) continue
      if (manifest === undefined) yield added(key, 'no manifest lists it')
      else yield { kind: 'manifest-added', key, message: 'it is not of this chain' }
    } else if (manifest === undefined && !(await lists(sequence, key))) {
      yield added(key, `manifest ${sequence} does not list it`)
    }
  }
}

/** Whether a manifest lists a key. */
function createLists(store: ObjectStore) {
  const keysOf = rememberingManifests(
    async (sequence) => {
      const content = await contentOf(store, manifestKey(sequence))
      const manifest = typeof content === 'string' ? undefined : parseManifest(content)
      return manifest && new Set(manifest.objects.map((object) => object.key))
    },
    (keys) => keys?.size ?? 0,
  )
  return async (sequence: number, key: string): Promise<boolean> => {
    const keys = await keysOf(sequence)
    // A manifest that cannot be read has been reported; what it listed nobody can say.
    return keys === undefined || keys.has(key)
  }
}
