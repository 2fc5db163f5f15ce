import type { AccountId } from '#src/model/event.ts'

/** Something that is about to be sent to a URL. */
export interface UnsignedWebhook {
  /** Whose it is: that of the rule or schedule which sends it. */
  readonly account: AccountId
  readonly url: string
  /** The same on each try. */
  readonly id: string
  readonly body: string
}

/** Signs what accounts send to URLs; who sends never sees a secret. */
export interface WebhookSigner {
  /**
   * The headers for a try right now; none where the account has no secret for the URL.
   * @throws Error where there is a secret that cannot be opened, so that nothing goes out unsigned
   */
  headersFor(webhook: UnsignedWebhook): Promise<Readonly<Record<string, string>>>
}
