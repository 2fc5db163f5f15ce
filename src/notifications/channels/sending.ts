import type { BudgetAlert, ComplianceAlert, CostSpikeAlert, Severity } from '#src/model/alert.ts'
import type { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { MissedRecipient } from '#src/ports/mail.ts'

/** An alert, and the event that told of it. */
export type AlertEvent = {
  /** The event's id. */
  readonly id: string
  /** When it happened (epoch ms). */
  readonly at: number
} & (
  | { readonly name: (typeof ALERT_EVENTS)['BUDGET']; readonly alert: BudgetAlert }
  | { readonly name: (typeof ALERT_EVENTS)['COST_SPIKE']; readonly alert: CostSpikeAlert }
  | { readonly name: (typeof ALERT_EVENTS)['COMPLIANCE']; readonly alert: ComplianceAlert }
)

/** For whom times, numbers and money are written. */
export interface Reader {
  /** Of the IANA time zone database: `Australia/Sydney`. */
  readonly timeZone: string
  /** BCP 47: `en-AU`. Says how numbers, money and days look; the words are English. */
  readonly locale: string
}

export type IncidentState = 'OPEN' | 'ACKNOWLEDGED' | 'SNOOZED' | 'RESOLVED'

/** Where a reader can go from a message: a page that asks before it changes anything. */
export interface MessageLink {
  readonly does: 'open' | 'acknowledge' | 'snooze' | 'unsubscribe'
  readonly label: string
  readonly url: string
}

/** One line of a list. */
export interface MessageItem {
  readonly text: string
  readonly url?: string
}

/** One message to people, about one incident or several: what every channel renders. */
export interface Message {
  readonly kind: 'alert' | 'digest' | 'test'
  /** Absent in a digest and in a test. */
  readonly incident?: { readonly id: string; readonly number: number }
  readonly severity: Severity
  readonly state: IncidentState
  /** Of one line. */
  readonly title: string
  /** What happened, in one or two sentences. */
  readonly summary: string
  /** How much, where, since when. */
  readonly facts: readonly { readonly label: string; readonly value: string }[]
  readonly items: readonly MessageItem[]
  /** How many more there are than `items`: what does not fit is counted, never dropped unsaid. */
  readonly moreItems: number
  /** Why it came to this reader: one sentence each. */
  readonly reasons: readonly string[]
  readonly links: readonly MessageLink[]
  /** What it is made of, the oldest first: programs get these. Empty in a test. */
  readonly events: readonly AlertEvent[]
  /** When it was made (epoch ms), and as the reader's clock shows it. */
  readonly at: number
  readonly shownAt: string
}

/** How a channel finds a message again that it has sent. Opaque: keep it, and give it back. */
export type Sent = Readonly<Record<string, string>>

export type SendResult =
  | {
      readonly outcome: 'sent'
      readonly sent: Sent
      /** What the provider answered, in short. */
      readonly answer: string
      /** By e-mail, recipients who do not get it, and why. */
      readonly missed?: readonly MissedRecipient[]
    }
  /** Later it may work. */
  | {
      readonly outcome: 'retry'
      /** What the provider asks for; absent: it did not say. */
      readonly afterMs?: number
      /** Its other side is there, and but does not take it for these readers yet: others need not wait. */
      readonly isOfReaders?: true
      readonly reason: string
    }
  /** It will not work until somebody changes the channel or the other side. */
  | { readonly outcome: 'refused'; readonly reason: string }

export interface Sending {
  /** The same for every try of one message. At most 128 characters, none of them a dot. */
  readonly idempotencyKey: string
  /** The message before it of the same incident, as this channel returned it. */
  readonly after?: {
    readonly sent: Sent
    /** Where a channel can do just one of them it does that one; of `edit-only` else nothing. */
    readonly how: 'edit' | 'edit-only' | 'reply'
    /** By e-mail: those of `to` who have had it; absent: all of them. */
    readonly hadBy?: readonly string[]
  }
  /** What is new since the message before it: alerts, what people do about them, or (absent) both. */
  readonly news?: 'alerts' | 'state' | 'both'
  /** Only these of the channel's recipients, or another address; absent: all of them. */
  readonly to?: readonly string[]
  readonly signal?: AbortSignal
}

/** A stored channel, ready to send. No reason that it gives holds a secret. */
export interface OpenChannel {
  /** Every expected outcome is a value, nothing is thrown. */
  send(message: Message, sending: Sending): Promise<SendResult>
  /** How fast its other side takes messages. */
  readonly messagesPerSecondMax: number
  /** Addresses of an e-mail channel; none of others. */
  readonly recipients: readonly string[]
  /** People read it: many messages at once are one message. Programs get each. */
  readonly readBy: 'people' | 'programs'
  /** Whether `after` with `edit` changes the message before it, so that nobody is disturbed. */
  readonly editsInPlace: boolean
  /** Whether what people do about an incident is shown where it was told, disturbing nobody. */
  readonly showsState: boolean
}

export interface PlacedChannel extends OpenChannel {
  /** Where it leads, as far as that is no secret: as `channels show` says it. */
  readonly leadsTo: string
}

/** The way from a channel that is stored to one that sends. */
export interface ChannelOpener {
  /** Undefined where the organisation has no such channel (any more). */
  open(organisationId: string, channelId: string): Promise<PlacedChannel | undefined>
  /**
   * Where its messages come: one address, or those of the recipients of e-mail. The same for all
   * channels that lead there, whatever their names. They may hold secrets.
   */
  addressesOf(organisationId: string, channelId: string): Promise<readonly string[]>
}
