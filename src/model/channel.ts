import { Type } from 'typebox'
import type { Static, TObject } from 'typebox'

import { Id, Instant, Name } from './tenancy.ts'

/**
 * Words of what reaches people.
 *
 *  channel   a way to reach some: a kind, and where it leads
 *  settings  where a channel leads and with what secret; replaced as a whole, so that no secret is
 *            ever sent to another place than the one that it was given for
 */

const URL_CHARACTERS_MAX = 2_048
const SECRET_CHARACTERS_MAX = 512
const EMAIL_RECIPIENTS_MAX = 50

const Url = Type.String({ minLength: 1, maxLength: URL_CHARACTERS_MAX })
const SecretUrl = (description: string) => Type.String({ ...Url, description })
const Secret = (description: string, pattern: string, title: string) =>
  Type.String({ maxLength: SECRET_CHARACTERS_MAX, pattern, title, description })
/** No name and no comment, and nothing that would be a second address. */
const EmailAddress = Type.String({
  maxLength: 254,
  pattern: String.raw`^[^\s@<>",;:()\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`,
  title: 'an e-mail address alone',
  examples: ['finops@example.com'],
})
const Endpoint = (whose: string) =>
  Type.Optional(
    Type.String({ ...Url, description: `Another place that speaks ${whose}; absent: its own` }),
  )

/** What each kind of channel is made with. */
export const CHANNEL_SETTINGS = {
  email: Type.Object({
    kind: Type.Literal('email'),
    to: Type.Array(EmailAddress, {
      minItems: 1,
      maxItems: EMAIL_RECIPIENTS_MAX,
      uniqueItems: true,
    }),
  }),
  'slack-webhook': Type.Object({
    kind: Type.Literal('slack-webhook'),
    url: SecretUrl('Of an incoming webhook: https://hooks.slack.com/services/...'),
  }),
  'slack-bot': Type.Object({
    kind: Type.Literal('slack-bot'),
    token: Secret(
      'Of a bot with the scope chat:write: xoxb-...',
      '^[\\x21-\\x7e]+$',
      'one word of ASCII',
    ),
    channel: Type.String({
      minLength: 1,
      maxLength: 80,
      pattern: '^[^\\s]+$',
      title: 'an id or a name without spaces',
      examples: ['#alerts'],
      description: 'Id (C0123456789) or name (#alerts) of a channel that the bot is in',
    }),
    signingSecret: Type.Optional(
      Secret(
        'The "Signing Secret" of the Slack app: its messages then have buttons that act; absent: links',
        '^[\\x21-\\x7e]{16,}$',
        'one word of ASCII of 16 characters or more',
      ),
    ),
    endpoint: Endpoint('the Slack Web API, such as https://slack-gov.com/api'),
  }),
  teams: Type.Object({
    kind: Type.Literal('teams'),
    url: SecretUrl('Of a flow of Workflows: "When a Teams webhook request is received"'),
  }),
  pagerduty: Type.Object({
    kind: Type.Literal('pagerduty'),
    routingKey: Secret(
      'The integration key of Events API v2',
      '^[A-Za-z0-9]{32}$',
      '32 letters and digits',
    ),
    endpoint: Endpoint('Events API v2, such as https://events.eu.pagerduty.com/v2/enqueue'),
  }),
  webhook: Type.Object({
    kind: Type.Literal('webhook'),
    url: SecretUrl('Where the bodies of the reference system go'),
    secret: Type.Optional(
      Type.String({
        maxLength: SECRET_CHARACTERS_MAX,
        description:
          'One that the receiver knows already: "whsec_" and 24 to 64 bytes in base64; absent: a new one, shown once, or with an update the one that it has',
      }),
    ),
  }),
} as const satisfies Record<string, TObject>

export type ChannelKind = keyof typeof CHANNEL_SETTINGS
export const CHANNEL_KINDS = Object.keys(CHANNEL_SETTINGS) as readonly ChannelKind[]
export type SettingsOf<K extends ChannelKind> = Static<(typeof CHANNEL_SETTINGS)[K]>
export type ChannelSettings = { [K in ChannelKind]: SettingsOf<K> }[ChannelKind]

/** A way to reach people, without what is secret of it. */
export const Channel = Type.Object(
  {
    id: Id,
    organisationId: Id,
    name: Name,
    kind: Type.Enum([...CHANNEL_KINDS]),
    leadsTo: Type.String({
      description: 'Where it leads, as far as that is no secret: addresses, a channel, a host',
    }),
    interactivityUrl: Type.Optional(
      Type.String({
        description:
          'Of a Slack bot with a signing secret: the "Request URL" for the app’s "Interactivity & Shortcuts"',
      }),
    ),
    secretRotatedAt: Type.Optional({
      ...Instant,
      description: 'Since then a webhook is signed with the secret that it has',
    }),
    previousSecretUntil: Type.Optional({
      ...Instant,
      description: 'Until then a webhook is signed with the secret before that one too',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'Channel' },
)
export type Channel = Static<typeof Channel>

/** Where settings lead, as far as that is no secret: the path of a URL may be one. */
export function leadsTo(settings: ChannelSettings): string {
  switch (settings.kind) {
    case 'email':
      return settings.to.join(', ')
    case 'slack-bot':
      return settings.endpoint === undefined
        ? settings.channel
        : `${settings.channel} at ${new URL(settings.endpoint).origin}`
    case 'pagerduty':
      return new URL(settings.endpoint ?? PAGERDUTY_ENDPOINT).origin
    case 'slack-webhook':
    case 'teams':
    case 'webhook':
      return new URL(settings.url).origin
    default:
      return settings satisfies never
  }
}

export const PAGERDUTY_ENDPOINT = 'https://events.pagerduty.com/v2/enqueue'
export const SLACK_ENDPOINT = 'https://slack.com/api'
/** Where Slack posts what is pressed, below the hub's public address; the channel's id follows. */
export const SLACK_INTERACTIVITY = '/slack/interactivity'

/** What a test of a channel came to. */
export const ChannelTest = Type.Object(
  {
    outcome: Type.Enum(['sent', 'retry', 'refused'], {
      description: 'retry: it may work later; refused: only once somebody changes something',
    }),
    answer: Type.String({ description: 'What the other side answered, or why there is none' }),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { $id: 'ChannelTest' },
)
export type ChannelTest = Static<typeof ChannelTest>
