import type { PageRequest } from '#src/buses/event-buses.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Collection, State, StoredDocument } from '#src/ports/state.ts'
import { eachDocument } from './each-document.ts'

interface Listed<T> {
  readonly state: State
  readonly from: Collection<T>
  readonly prefix: string
}

/**
 * A page of those documents that are shown.
 * @param show what is shown of a document; undefined leaves it out
 */
export async function shownPage<T, S>(
  { state, from, prefix }: Listed<T>,
  { after, limit }: Omit<PageRequest, 'namePrefix'>,
  show: (document: T) => Promise<S | undefined>,
): Promise<Page<S>> {
  const shown: StoredDocument<S>[] = []
  const within = { prefix, ...(after !== undefined && { after }) }
  for await (const { key, value } of eachDocument(state, from, within)) {
    const one = await show(value)
    if (one !== undefined) shown.push({ key, value: one })
    if (shown.length > limit) break
  }
  return pageOf(shown, limit)
}
