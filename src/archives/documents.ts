import type { Place } from '#src/buses/event-buses.ts'
import type { NamedAddress } from '#src/model/arn.ts'
import type { AccountId } from '#src/model/event.ts'
import type { ArchivePlace } from '#src/ports/event-archive.ts'
import { collection } from '#src/ports/state.ts'

/**
 * An archive as it is configured. It takes events while its managed rule is on the source bus, so
 * whether it is ENABLED is asked of the rule and stands nowhere else.
 */
export interface Archive extends NamedAddress {
  /** Of this archive alone: one that is made again under its name has another. */
  readonly id: string
  /** ARN of the event bus whose events it keeps. */
  readonly sourceArn: string
  readonly description?: string
  readonly eventPattern?: string
  /** 0: for ever. */
  readonly retentionDays: number
  readonly createdAt: number
}

export type ArchiveState = 'ENABLED' | 'DISABLED'

/**
 * STARTING    until all that was accepted before the replay was asked for is in the archive
 * RUNNING     sends a batch, and then notes in `place` how far it has come
 * CANCELLING  was asked to stop, and may still be sending a batch
 * CANCELLED, COMPLETED, FAILED   sends nothing any more
 */
export type ReplayState =
  | 'STARTING'
  | 'RUNNING'
  | 'CANCELLING'
  | 'CANCELLED'
  | 'COMPLETED'
  | 'FAILED'

export interface Replay extends NamedAddress {
  readonly description?: string
  readonly archive: Pick<Archive, 'name' | 'id'>
  /** ARN of the event bus that it sends to. */
  readonly destinationArn: string
  /** The only rules that get its events; absent: all. */
  readonly filterArns?: readonly string[]
  /** Epoch ms, as the times of events; those of `to` are not sent. */
  readonly from: number
  readonly to: number
  readonly state: ReplayState
  readonly stateReason?: string
  /** The newest batch of the log when the replay was asked for. */
  readonly acceptedTo: number
  /** The last event that it has sent. */
  readonly place?: ArchivePlace
  readonly startedAt: number
  readonly endedAt?: number
}

export const ARCHIVES = collection<Archive>('archives')
export const REPLAYS = collection<Replay>('replays')
/** By account and region: names of its replays that have not ended, which makes their quota exact. */
export const ACTIVE_REPLAYS = collection<readonly string[]>('active-replays')

/** No name of AWS's holds this character, so keys cannot run into each other. */
const SEPARATOR = '|'

export function placeKey({ account, region }: Place): string {
  return account + SEPARATOR + region
}

export function namedKey(place: Place, name: string): string {
  return placeKey(place) + SEPARATOR + name
}

/** The keys of everything of an account. */
export function ofAccountPrefix(account: AccountId): string {
  return account + SEPARATOR
}

export function placeOfKey(key: string): Place {
  const [account = '', region = ''] = key.split(SEPARATOR)
  return { account, region }
}
