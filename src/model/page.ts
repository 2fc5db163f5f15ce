/** One page of a list in the order of its keys. */
export interface Page<T> {
  readonly items: readonly T[]
  /** The key after which the next page starts; absent on the last one. */
  readonly last?: string
}

/** Cuts a list that was read one longer than asked for. */
export function pageOf<T>(
  found: readonly { readonly key: string; readonly value: T }[],
  limit: number,
): Page<T> {
  const shown = found.slice(0, limit)
  const items = shown.map(({ value }) => value)
  const last = found.length > limit ? shown.at(-1)?.key : undefined
  return { items, ...(last !== undefined && { last }) }
}

/** A page of what is in memory, in the order of its keys. */
export function pageOfAll<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Page<T> {
  const ordered = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const rest = after === undefined ? ordered : ordered.filter((item) => keyOf(item) > after)
  const items = rest.slice(0, limit)
  const last = rest.length > limit ? items.at(-1) : undefined
  return { items, ...(last !== undefined && { last: keyOf(last) }) }
}
