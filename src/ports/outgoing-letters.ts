import type { LetterSettlement, OutgoingLetter } from '#src/model/delivery.ts'

/**
 * Dead letters that their targets' dead-letter queues have yet to get. They are listed with the
 * others until then, and stay listed where the queue cannot have them.
 */
export interface OutgoingLetters {
  /** Those that are due at `now`, the longest due first. */
  due(now: number, limit: number): Promise<readonly OutgoingLetter[]>
  /** When the next one is due, or undefined when none waits. */
  nextDueAt(): Promise<number | undefined>
  /** Records what became of sending; of a letter that was redriven meanwhile, nothing. */
  settle(settlements: readonly LetterSettlement[]): Promise<void>
}
