import { RestError } from '#src/errors.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'

/** What tells people by a channel, and so stands in the way of its end. */
export interface ChannelUse {
  readonly id: string
  readonly name: string
}

/** By channel. */
const USES = collection<readonly ChannelUse[]>('channel-uses')

/** Says that something tells by a channel. */
export async function addChannelUse(
  transaction: StateTransaction,
  channelId: string,
  use: ChannelUse,
): Promise<void> {
  const others = await othersOf(transaction, channelId, use.id)
  transaction.put(USES, channelId, [...others, use])
}

/** Says that something no longer does. */
export async function removeChannelUse(
  transaction: StateTransaction,
  channelId: string,
  id: string,
): Promise<void> {
  const others = await othersOf(transaction, channelId, id)
  if (others.length === 0) transaction.delete(USES, channelId)
  else transaction.put(USES, channelId, others)
}

/** @throws RestError 409 */
export async function refuseWhereUsed(
  transaction: StateTransaction,
  channelId: string,
): Promise<void> {
  const [first] = (await transaction.get(USES, channelId)) ?? []
  if (first === undefined) return
  throw new RestError(
    409,
    'channel.in-use',
    `the notification "${first.name}" tells by this channel: change or delete that first`,
  )
}

async function othersOf(transaction: StateTransaction, channelId: string, id: string) {
  return ((await transaction.get(USES, channelId)) ?? []).filter((use) => use.id !== id)
}
