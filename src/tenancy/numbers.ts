import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'

/** By organisation and kind; holds the last number given. */
const NUMBERS = collection<number>('numbers')

/** What has a number beside its UUID, as the reference system's webhook bodies do. */
export type Numbered =
  | 'budget'
  | 'compliance-rule'
  | 'notification'
  | 'segment'
  | 'spike-detector'
  | 'view'

/** The next number of a kind in an organisation: 1, 2, 3, and none of them ever again. */
export async function nextNumber(
  transaction: StateTransaction,
  organisationId: string,
  kind: Numbered,
): Promise<number> {
  return count(transaction, `${organisationId}|${kind}`)
}

/** The organisation's own number: `client.id` in webhook bodies. Given when first asked for. */
export async function organisationNumber(
  transaction: StateTransaction,
  organisationId: string,
): Promise<number> {
  const key = `${organisationId}|organisation`
  const given = await transaction.get(NUMBERS, key)
  if (given !== undefined) return given
  const number = await count(transaction, 'organisations')
  transaction.put(NUMBERS, key, number)
  return number
}

async function count(transaction: StateTransaction, key: string): Promise<number> {
  const number = ((await transaction.get(NUMBERS, key)) ?? 0) + 1
  transaction.put(NUMBERS, key, number)
  return number
}
