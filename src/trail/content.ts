import { ObjectTooLargeFault } from '#src/ports/object-store.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'

/** What stands under a key, whatever became of it. */
export async function contentOf(
  store: ObjectStore,
  key: string,
): Promise<Uint8Array | 'missing' | 'too-large'> {
  try {
    return (await store.get(key)) ?? 'missing'
  } catch (error) {
    if (error instanceof ObjectTooLargeFault) return 'too-large'
    throw error
  }
}
