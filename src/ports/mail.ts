/** One e-mail, the same to all its recipients. */
export interface Letter {
  /** Addresses alone, without names. */
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** With its angle brackets. */
  readonly messageId: string
  /** The message ids of the thread that it goes on, the oldest first. */
  readonly references: readonly string[]
  readonly isUrgent: boolean
  /** Where its one reader can end such letters; by one POST, as RFC 8058 has it, if it is https. */
  readonly unsubscribeUrl?: string | undefined
}

export interface MissedRecipient {
  readonly address: string
  readonly message: string
  /** The server asks to come back: it may take it for them later. */
  readonly isForNow?: true
}

/** What became of a letter. No message holds a password or the text of the letter. */
export type MailOutcome =
  | {
      readonly kind: 'accepted'
      readonly answer: string
      /** Recipients that the server does not take it for. */
      readonly missed: readonly MissedRecipient[]
    }
  /** The server refuses the letter or its recipients for good. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The server is not there, does not let the hub in, or asks it to come back. */
  | {
      readonly kind: 'failed'
      readonly message: string
      /** It asks so for the recipients alone: for others it may take the letter. */
      readonly isOfRecipients?: true
    }

/** The operator's mail server. */
export interface Mail {
  /** What letters are from: of its domain are message ids. */
  readonly from: string
  /** Sends one letter; every expected outcome is a value, nothing is thrown. */
  send(letter: Letter, signal?: AbortSignal): Promise<MailOutcome>
}
