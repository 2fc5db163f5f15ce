import { RestError } from '#src/errors.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'

/**
 * How many things of one kind each organisation has, counted in the transactions that make and delete
 * them: a list that is read before one is made knows nothing of those that are made beside it.
 */
export interface ThingCount {
  /**
   * One more.
   * @param known how many there are at least: a store that is older than the count has more than were counted
   * @throws RestError 409 where there is no room
   */
  add(transaction: StateTransaction, organisationId: string, known?: number): Promise<void>
  /** One fewer. */
  remove(transaction: StateTransaction, organisationId: string): Promise<void>
}

interface Counted {
  /** In codes of errors and names of collections, such as `spike-detector`. */
  readonly noun: string
  /** How many an organisation may have. */
  readonly max: number
  /** In messages; absent: the noun. */
  readonly words?: string
  /** What to do when there is no room. */
  readonly advice?: string
}

export function thingCount({
  noun,
  max,
  words = `${noun.replaceAll('-', ' ')}s`,
  advice = 'delete one first',
}: Counted): ThingCount {
  /** By organisation. */
  const counts = collection<number>(`${noun}-counts`)
  return {
    add: async (transaction, organisationId, known = 0) => {
      const count = Math.max((await transaction.get(counts, organisationId)) ?? 0, known) + 1
      if (count > max) {
        throw new RestError(
          409,
          `${noun}.too-many`,
          `the organisation has ${max} ${words} already: ${advice}`,
        )
      }
      transaction.put(counts, organisationId, count)
    },
    remove: async (transaction, organisationId) => {
      const count = ((await transaction.get(counts, organisationId)) ?? 1) - 1
      if (count === 0) transaction.delete(counts, organisationId)
      else transaction.put(counts, organisationId, count)
    },
  }
}
