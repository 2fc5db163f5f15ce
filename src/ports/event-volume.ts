import type { AccountId, Region } from '#src/model/event.ts'

/** What events are counted by. */
export interface VolumeKey {
  /** Epoch ms at which the hour begins in which they were accepted. */
  readonly hour: number
  readonly busArn: string
  readonly account: AccountId
  readonly region: Region
  readonly source: string
  readonly detailType: string
  /** ARN of a rule that they matched; absent: all of them, whichever rules they matched. */
  readonly ruleArn?: string
}

export interface VolumeCount extends VolumeKey {
  readonly events: number
  readonly bytes: number
}

export type VolumeDimension = 'account' | 'region' | 'source' | 'detailType' | 'ruleArn'

export interface VolumeQuery {
  /** Hours that begin from then on, and before then. */
  readonly from: number
  readonly to: number
  /** Counts are summed up over all other dimensions than these, the hour and the bus. */
  readonly by: readonly VolumeDimension[]
}

/** A sum: of the dimensions it has those that were asked for. */
export type VolumeSum = Pick<VolumeCount, 'hour' | 'busArn' | 'events' | 'bytes'> &
  Partial<Pick<VolumeCount, VolumeDimension>>

/** How many events and bytes came, by the hour. */
export interface EventVolume {
  /**
   * Adds counts, forgets hours that began before `keepFrom`, and moves the reader's cursor: all of
   * it becomes durable, or nothing.
   */
  add(
    reader: string,
    sequence: number,
    given: { readonly counts: readonly VolumeCount[]; readonly keepFrom: number },
  ): Promise<void>
  /** With `ruleArn` among the dimensions: of events that matched a rule, once for each rule. */
  sums(query: VolumeQuery): Promise<readonly VolumeSum[]>
}
