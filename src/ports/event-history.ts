/**
 * How long events are kept, with their places in the index and the attempts to deliver them. Dead
 * letters are no part of it: each keeps its event.
 */
export interface EventHistory {
  /** The newest batch of the log that was appended before a time (epoch ms), 0 where there is none. */
  sequenceBefore(time: number): Promise<number>
  /**
   * Forgets a small part of what came with batches up to this one; true while more of it is left.
   * What a reader of the log has yet to read, what waits for delivery, and the newest batch stay.
   */
  forgetUpTo(sequence: number): Promise<boolean>
}
