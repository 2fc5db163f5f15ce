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
