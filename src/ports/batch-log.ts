/** A batch of the log: bytes that were made durable by one flush. */
export interface LogBatch {
  /** Counts up from 1, without gaps. */
  readonly sequence: number
  readonly data: Uint8Array
}

/**
 * The durable, ordered log. It keeps batches and knows nothing of events, so that one flush (or
 * one broker message) carries as many events as arrived while the last one was under way.
 */
export interface BatchLog {
  /**
   * Appends one batch; resolves with its sequence once it would survive a power cut.
   * @throws StoreFullFault when there is no room.
   */
  append(data: Uint8Array, appendedAt: number): Promise<number>
  /**
   * Batches after a sequence, oldest first, at most `limit`; none after the one with which
   * `enoughBytes` are read.
   */
  read(afterSequence: number, limit: number, enoughBytes?: number): Promise<readonly LogBatch[]>
  /** Sequence of the newest batch, 0 for an empty log. */
  lastSequence(): Promise<number>
}
