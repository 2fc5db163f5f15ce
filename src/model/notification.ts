/**
 * Words of notifications.
 *
 *  notification  who is told of which alerts on which channel
 *  incident      what one notification tells of together: alerts of one cause and owner
 *  ledger        what was sent to whom, and what was held back and why
 *  silence       alerts that nobody is told of until it ends
 *  inhibition    alerts that hide others while they last, as an account's outage hides its children
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { SEVERITIES } from './alert.ts'
import { Id, Instant, Name } from './tenancy.ts'

const Severity = Type.Enum([...SEVERITIES])
const TimeOfDay = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
  title: 'hours and minutes from 00:00 to 23:59',
  description: 'Hours and minutes on a clock in the time zone',
  examples: ['22:00'],
})
export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const
export type Weekday = (typeof WEEKDAYS)[number]
const Weekdays = Type.Array(Type.Enum([...WEEKDAYS]), {
  minItems: 1,
  maxItems: WEEKDAYS.length,
  uniqueItems: true,
})
const TimeZone = Type.String({
  maxLength: 64,
  description: 'Of the IANA time zone database',
  examples: ['Australia/Sydney'],
})
const Reason = Type.String({ minLength: 1, maxLength: 512 })
const Pattern = Type.Record(Type.String(), Type.Unknown(), {
  description: 'An EventBridge event pattern on the alert’s event',
})

/** Most of the parts of a notification's scope. */
const SCOPE_MAX = 50
const QUIET_WINDOWS_MAX = 14

const Scope = Type.Array(Type.Object({ viewId: Id, segmentId: Type.Optional(Id) }), {
  maxItems: SCOPE_MAX,
  description: 'Views, or segments of them; empty: everything',
})

export const QuietWindow = Type.Object({
  days: Type.Optional({ ...Weekdays, description: 'On which it begins; absent: every day' }),
  from: TimeOfDay,
  to: {
    ...TimeOfDay,
    description:
      'On the next day, where it is not after `from`: from a time to the same time is a whole day',
  },
})
export type QuietWindow = Static<typeof QuietWindow>

const AlertKinds = Type.Object(
  {
    budgets: Type.Optional(
      Type.Object({
        fromPercent: Type.Optional(
          Type.Number({ minimum: 0, maximum: 1_000, description: 'Thresholds below are not told' }),
        ),
        forecasts: Type.Optional(Type.Boolean({ description: 'Also of forecasts (default)' })),
      }),
    ),
    costSpikes: Type.Optional(
      Type.Object({
        minimumIncrease: Type.Optional(
          Type.String({
            pattern: '^[0-9]{1,12}(\\.[0-9]{1,2})?$',
            title: 'an amount in digits, with two decimals at most',
            examples: ['50', '49.90'],
            description: 'Money, in the currency of the costs',
          }),
        ),
        minimumPercent: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 100_000,
            description: 'Increases over what was expected that are smaller are not told',
          }),
        ),
      }),
    ),
    compliance: Type.Optional(
      Type.Object({
        fromSeverity: Type.Optional({
          ...Severity,
          description: 'What is milder is not told',
        }),
        checkedBy: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
            minItems: 1,
            maxItems: 20,
            description: 'Only of these, as findings name who checks; absent: of all',
          }),
        ),
      }),
    ),
  },
  { description: 'What is told of, with settings; a kind that is absent is not told of' },
)

/** Settings that have defaults. */
export const NotificationDefaults = {
  settleSeconds: 30,
  updateSeconds: 300,
  timeZone: 'UTC',
  locale: 'en-US',
} as const

const settings = {
  name: Name,
  channelId: Id,
  scope: Scope,
  alerts: AlertKinds,
  enabled: Type.Boolean(),
  timeZone: TimeZone,
  locale: Type.String({
    maxLength: 35,
    description: 'BCP 47: how messages write numbers, money and days; the words are English',
    examples: ['en-AU'],
  }),
  tellResolved: Type.Boolean({ description: 'Also told when an incident is over' }),
  tellOwner: Type.Boolean({
    description:
      'By e-mail: an owner who is a user is told instead of the channel’s recipients; needs ownerTag',
  }),
  settleSeconds: Type.Integer({
    minimum: 0,
    maximum: 3_600,
    description: 'How long alerts of one incident are gathered before the first message',
  }),
  updateSeconds: Type.Integer({
    minimum: 30,
    maximum: 86_400,
    description: 'At least so long between two messages of one incident',
  }),
}

const optionalSettings = {
  ownerTag: Type.String({
    minLength: 1,
    maxLength: 128,
    description:
      'The tag of resources that names their owner: each owner gets incidents of its own',
  }),
  quietHours: Type.Object({
    windows: Type.Array(QuietWindow, { minItems: 1, maxItems: QUIET_WINDOWS_MAX }),
    upTo: { ...Severity, description: 'What is worse is told at once' },
  }),
  digest: Type.Object({
    at: TimeOfDay,
    days: Type.Optional({ ...Weekdays, description: 'On which it is sent; absent: every day' }),
    upTo: { ...Severity, description: 'What is worse is told at once' },
  }),
  repeatHours: Type.Integer({
    minimum: 1,
    maximum: 720,
    description: 'What nobody has acknowledged is told again after so long',
  }),
  escalation: Type.Object({
    afterMinutes: Type.Integer({ minimum: 1, maximum: 10_080 }),
    channelId: {
      ...Id,
      description: 'Another than the notification’s own, unless tellOwner has owners told by that',
    },
  }),
}
export const NotificationOptions = optionalSettings

/** A reader who has left. */
const Unsubscribed = Type.Object({
  email: Type.String({ description: 'As the letter that was left by was addressed' }),
  at: Instant,
})

export const NewNotification = Type.Object({
  organisationId: Id,
  name: settings.name,
  channelId: settings.channelId,
  alerts: settings.alerts,
  scope: Type.Optional(settings.scope),
  enabled: Type.Optional(settings.enabled),
  timeZone: Type.Optional(settings.timeZone),
  locale: Type.Optional(settings.locale),
  tellResolved: Type.Optional(settings.tellResolved),
  tellOwner: Type.Optional(settings.tellOwner),
  settleSeconds: Type.Optional(settings.settleSeconds),
  updateSeconds: Type.Optional(settings.updateSeconds),
  ...Type.Partial(Type.Object(optionalSettings)).properties,
})
export type NewNotification = Static<typeof NewNotification>

export const Notification = Type.Object(
  {
    id: Id,
    number: Type.Integer({ minimum: 1 }),
    organisationId: Id,
    ...settings,
    ...Type.Partial(Type.Object(optionalSettings)).properties,
    // One for each reader who was ever sent a letter of it, at most.
    unsubscribed: Type.Optional(
      Type.Array(Unsubscribed, {
        description:
          'Readers of its e-mail who have ended it for themselves; escalations reach them',
      }),
    ),
    createdAt: Instant,
  },
  { $id: 'Notification' },
)
export type Notification = Static<typeof Notification>

/** For how long whoever reads a message can snooze its incident. */
export const SNOOZES = [
  { hours: 1, label: '1 hour' },
  { hours: 4, label: '4 hours' },
  { hours: 24, label: '1 day' },
  { hours: 168, label: '1 week' },
] as const

export const INCIDENT_STATES = ['OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED'] as const

export const Incident = Type.Object(
  {
    id: Id,
    number: Type.Integer({ minimum: 1 }),
    organisationId: Id,
    notificationId: Id,
    state: Type.Enum([...INCIDENT_STATES]),
    severity: { ...Severity, description: 'The worst of its alerts' },
    title: Type.String(),
    cause: Type.String({ description: 'What its alerts have in common' }),
    owner: Type.Optional(Type.String()),
    alerts: Type.Integer({ minimum: 0, description: 'Events that it is made of' }),
    open: Type.Integer({
      minimum: 0,
      description: 'How much is still so: resources that fail, or the cost',
    }),
    told: Type.Integer({ minimum: 0, description: 'Of its alerts, those in a message sent' }),
    openedAt: Instant,
    changedAt: Instant,
    toldAt: Type.Optional(Instant),
    waitsUntil: Type.Optional({ ...Instant, description: 'When it is looked at again' }),
    waitsFor: Type.Optional(Type.String({ description: 'Why what is new is not told yet' })),
    acknowledgedBy: Type.Optional(Type.String()),
    acknowledgedAt: Type.Optional(Instant),
    snoozedUntil: Type.Optional(Instant),
    snoozedBy: Type.Optional(Type.String()),
    escalatedAt: Type.Optional(Instant),
    resolvedAt: Type.Optional(Instant),
  },
  { $id: 'Incident' },
)
export type Incident = Static<typeof Incident>

export const IncidentDetails = Type.Object(
  {
    ...Incident.properties,
    summary: Type.Optional(Type.String({ description: 'What happened, in a sentence or two' })),
    facts: Type.Optional(
      Type.Array(Type.Object({ label: Type.String(), value: Type.String() }), {
        description: 'How much, where, since when: as its message says it',
      }),
    ),
    items: Type.Optional(
      Type.Array(Type.Object({ text: Type.String(), url: Type.Optional(Type.String()) }), {
        description: 'What costs most, or which resources',
      }),
    ),
    moreItems: Type.Optional(Type.Integer({ description: 'How many more than `items` there are' })),
  },
  { $id: 'IncidentDetails' },
)
export type IncidentDetails = Static<typeof IncidentDetails>

export const LEDGER_OUTCOMES = ['SENT', 'HELD', 'RETRYING', 'REFUSED', 'GIVEN_UP'] as const

export const LedgerEntry = Type.Object(
  {
    id: Id,
    organisationId: Id,
    at: Instant,
    outcome: Type.Enum([...LEDGER_OUTCOMES]),
    notificationId: Id,
    channelId: Id,
    incidentId: Id,
    incidentNumber: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Absent in entries of before 2026-11-27' }),
    ),
    incidentTitle: Type.Optional(
      Type.String({ description: 'As it was then; absent in entries of before 2026-11-27' }),
    ),
    to: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Whom it was for: the addresses of its letters, or where another channel led, as far as that is no secret; absent where it was held back before it was for anybody, and in entries of before 2026-11-27',
      }),
    ),
    alerts: Type.Integer({ minimum: 0, description: 'How many of its alerts it is about' }),
    why: Type.String({ description: 'Why it was sent or held back, or what the other side said' }),
    messageId: Type.Optional(
      Type.String({ description: 'The same for all incidents that one message told of' }),
    ),
  },
  { $id: 'LedgerEntry' },
)
export type LedgerEntry = Static<typeof LedgerEntry>

export const NewSilence = Type.Object({
  organisationId: Id,
  pattern: Pattern,
  reason: Reason,
  startsAt: Type.Optional(Instant),
  endsAt: Instant,
})
export const Silence = Type.Object(
  {
    id: Id,
    organisationId: Id,
    pattern: Pattern,
    reason: Reason,
    startsAt: Instant,
    endsAt: Instant,
    createdBy: Type.String(),
    createdAt: Instant,
  },
  { $id: 'Silence' },
)
export type Silence = Static<typeof Silence>

export const NewInhibition = Type.Object({
  organisationId: Id,
  name: Name,
  source: { ...Pattern, description: 'Alerts that hide others: an EventBridge event pattern' },
  target: { ...Pattern, description: 'Alerts that are hidden: an EventBridge event pattern' },
  equal: Type.Array(Type.String({ minLength: 1, maxLength: 64, examples: ['awsAccountId'] }), {
    maxItems: 5,
    uniqueItems: true,
    description: 'Fields of the alerts that must be the same for one to hide another',
  }),
})
export const Inhibition = Type.Object(
  { id: Id, ...NewInhibition.properties, createdAt: Instant },
  { $id: 'Inhibition' },
)
export type Inhibition = Static<typeof Inhibition>
