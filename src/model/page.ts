/** One page of a list in the order of its keys. */
export interface Page<T> {
  readonly items: readonly T[]
  /** The key after which the next page starts; absent on the last one. */
  readonly last?: string
}
