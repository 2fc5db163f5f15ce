/** What became of a line. */
export type AppendOutcome =
  | { readonly kind: 'written' }
  | {
      readonly kind: 'failed'
      /** `fault`: it may work later, as on a disk that is full now. */
      readonly reason: 'fault' | 'forbidden' | 'not-a-file'
      readonly message: string
    }

/** Files that grow by a line for each event. */
export interface EventFiles {
  /** Adds a line without a line break of its own; resolves when it is durable. */
  append(path: string, line: string): Promise<AppendOutcome>
}
