import type { Collection, ListOptions, State, StoredDocument } from '#src/ports/state.ts'

const DOCUMENTS_PER_READ = 200

/** All documents of a collection, in the order of their keys, read some at a time. */
export async function* eachDocument<T>(
  state: Pick<State, 'list'>,
  from: Collection<T>,
  within: Omit<ListOptions, 'limit'> = {},
): AsyncGenerator<StoredDocument<T>> {
  let place = within
  for (;;) {
    const found = await state.list(from, { ...place, limit: DOCUMENTS_PER_READ })
    yield* found
    const last = found.at(-1)
    if (last === undefined || found.length < DOCUMENTS_PER_READ) return
    place = { ...within, after: last.key }
  }
}
