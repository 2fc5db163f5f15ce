/**
 * A pattern that EventBridge would not accept. The message is the text AWS sends after
 * "Event pattern is not valid. Reason: ".
 */
export class InvalidEventPatternError extends Error {
  override readonly name = 'InvalidEventPatternError'
}

/** Refuses a pattern, naming the place up to which it has been read. */
export function refuse(reader: { location(): string }, reason: string): never {
  throw new InvalidEventPatternError(reason + reader.location())
}
