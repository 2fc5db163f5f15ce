import { RestError } from '#src/errors.ts'
import type { Channel } from '#src/model/channel.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { thingCount } from '#src/tenancy/thing-count.ts'
import type { SealedFor } from '#src/tenancy/vault.ts'
import type { SealedSecret } from '#src/tenancy/webhook-rotation.ts'

type Derived = 'interactivityUrl' | 'secretRotatedAt' | 'previousSecretUntil'

/** Sealed are its settings as JSON, as a whole: a URL may be a secret as a token is. */
export interface StoredChannel extends Omit<Channel, Derived>, SealedSecret {
  /** It has the secret with which Slack signs what is pressed. */
  readonly takesPresses?: boolean
}

export const CHANNELS = collection<StoredChannel>('channels')
/** By organisation and name in lower case; holds the channel's id. */
const CHANNEL_NAMES = collection<string>('channel-names')

/** AWS User Notifications has 50 for each configuration. */
const CHANNELS_PER_ORGANISATION_MAX = 100
const CHANNEL_COUNT = thingCount({ noun: 'channel', max: CHANNELS_PER_ORGANISATION_MAX })

export function sealedFor(id: string): SealedFor {
  return ['channel', id]
}

/** Writes one that is new. @throws RestError 409 where its name is taken, or there is no room */
export async function addChannel(
  transaction: StateTransaction,
  channel: StoredChannel,
): Promise<void> {
  await CHANNEL_COUNT.add(transaction, channel.organisationId)
  await claimName(transaction, channel)
  transaction.put(CHANNELS, channel.id, channel)
}

export async function replaceChannel(
  transaction: StateTransaction,
  before: StoredChannel,
  after: StoredChannel,
): Promise<void> {
  if (nameKey(after) !== nameKey(before)) {
    await claimName(transaction, after)
    transaction.delete(CHANNEL_NAMES, nameKey(before))
  }
  transaction.put(CHANNELS, after.id, after)
}

export async function removeChannel(
  transaction: StateTransaction,
  channel: StoredChannel,
): Promise<void> {
  await CHANNEL_COUNT.remove(transaction, channel.organisationId)
  transaction.delete(CHANNEL_NAMES, nameKey(channel))
  transaction.delete(CHANNELS, channel.id)
}

async function claimName(transaction: StateTransaction, channel: StoredChannel): Promise<void> {
  const key = nameKey(channel)
  if ((await transaction.get(CHANNEL_NAMES, key)) !== undefined) {
    throw new RestError(
      409,
      'channel.name-taken',
      `the organisation has a channel "${channel.name}" already: choose another name`,
    )
  }
  transaction.put(CHANNEL_NAMES, key, channel.id)
}

function nameKey({ organisationId, name }: StoredChannel): string {
  return `${organisationId}|${name.toLowerCase()}`
}
