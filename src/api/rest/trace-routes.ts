import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { reasonOf, traceOf } from '#src/history/trace.ts'
import type { RuleVerdict, TracePorts, TracedDelivery } from '#src/history/trace.ts'
import type { EventFinder } from '#src/event-index/event-finder.ts'
import type { AttemptError } from '#src/model/delivery.ts'
import { isArchiveRule } from '#src/model/event-bus.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { PositionedEvent } from '#src/model/event.ts'
import { INCIDENT_STATES, LEDGER_OUTCOMES } from '#src/model/notification.ts'
import { mayDo, reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import { notificationOfRule, outcomeOf } from '#src/notifications/outcome.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { State } from '#src/ports/state.ts'
import { EventParams, eventsSeenBy } from './event-routes.ts'
import { Id, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export interface TraceRoutePorts {
  readonly finder: EventFinder
  readonly directory: Directory
  readonly trace: TracePorts
  readonly state: Pick<State, 'get' | 'list'>
}

const EpochMs = Type.Integer({ description: 'Epoch milliseconds' })

const AttemptSchema = Type.Object({
  number: Type.Integer(),
  startedAt: EpochMs,
  durationMs: Type.Integer(),
  outcome: Type.Union(['delivered', 'retry', 'dead'].map((outcome) => Type.Literal(outcome))),
  errorCode: Type.Optional(Type.String()),
  errorMessage: Type.Optional(Type.String()),
  status: Type.Optional(Type.Integer({ description: 'What the target answered' })),
  answer: Type.Optional(Type.String({ description: 'The first characters of its answer' })),
})

const NotificationOutcome = Type.Object(
  {
    notificationId: Id,
    notificationName: Type.Optional(Type.String({ description: 'Absent: it is deleted' })),
    incident: Type.Optional(
      Type.Object(
        {
          id: Id,
          number: Type.Integer(),
          title: Type.String(),
          state: Type.Enum([...INCIDENT_STATES]),
          waitsFor: Type.Optional(Type.String({ description: 'Why what is new is not told yet' })),
        },
        { description: 'Absent: it made none of the alert, or the incident is forgotten' },
      ),
    ),
    ledger: Type.Array(
      Type.Object({
        at: EpochMs,
        outcome: Type.Enum([...LEDGER_OUTCOMES]),
        channelId: Id,
        channelName: Type.Optional(Type.String({ description: 'Absent: it is deleted' })),
        why: Type.String(),
      }),
      { description: 'Of the incident since the alert came: the newest 20, the newest first' },
    ),
  },
  { description: 'What a notification made of the alert, where the target is one' },
)

export const TracedDeliverySchema = Type.Object(
  {
    id: Type.Integer(),
    ruleArn: Type.String(),
    targetId: Type.String(),
    targetArn: Type.String(),
    state: Type.Union(['DELIVERED', 'PENDING', 'DEAD'].map((state) => Type.Literal(state))),
    nextAttemptAt: Type.Optional(EpochMs),
    sent: Type.Optional(
      Type.String({ description: 'What the target is sent: the first characters of the body' }),
    ),
    deadLetterQueue: Type.Optional(
      Type.Object({
        arn: Type.String(),
        sent: Type.Boolean({ description: 'The queue has the event, and the hub no dead letter' }),
        errorCode: Type.Optional(Type.String()),
        errorMessage: Type.Optional(Type.String()),
      }),
    ),
    attempts: Type.Array(AttemptSchema),
    notification: Type.Optional(NotificationOutcome),
  },
  { $id: 'TracedDelivery' },
)

const Archives = Type.Optional(
  Type.Boolean({ description: 'What the rule matches goes to an archive and is no delivery' }),
)

const ChangedSince = Type.Optional(
  Type.Boolean({
    description: 'The rule had another pattern or state, or was not there, when the event came',
  }),
)

const RuleVerdictSchema = Type.Object({
  ruleArn: Type.String(),
  state: Type.String(),
  changedSince: ChangedSince,
  matches: Type.Boolean(),
  summary: Type.String({ description: 'The first field that fails, in words' }),
  archives: Archives,
  notificationName: Type.Optional(
    Type.String({ description: 'Of the notification that the rule is, where it is one' }),
  ),
})

const StepSchema = Type.Object({
  at: EpochMs,
  type: Type.String({ description: "A message_type of EventBridge's logs" }),
  ruleArn: Type.Optional(Type.String()),
  targetId: Type.Optional(Type.String()),
  deliveryId: Type.Optional(Type.Integer()),
  attempt: Type.Optional(Type.Integer()),
  message: Type.Optional(Type.String()),
})

const PlaceFields = {
  position: Type.Integer({ description: "The event's place in the log" }),
  bus: Type.String({ description: 'ARN of the event bus that it is on' }),
  acceptedAt: EpochMs,
  awaitsEnrichment: Type.Optional(Type.Boolean()),
  routed: Type.Boolean({ description: 'False: routing has yet to come to it' }),
}

export const TraceSchema = Type.Object(
  {
    ...PlaceFields,
    rules: Type.Array(RuleVerdictSchema, {
      description: 'How the rules that the bus has now judge the event',
    }),
    deliveries: Type.Array(ref(TracedDeliverySchema)),
    steps: Type.Array(StepSchema, { description: 'All that happened, the oldest first' }),
  },
  { $id: 'Trace' },
)

const WhyQuery = Type.Object({
  rule: Type.String({
    minLength: 1,
    maxLength: 1_600,
    description: 'ARN or name of a rule; else name or id of a notification, which has one',
  }),
})

const WhySchema = Type.Object({
  ruleArn: Type.String(),
  state: Type.String(),
  changedSince: ChangedSince,
  eventPattern: Type.Optional(Type.String()),
  scheduleExpression: Type.Optional(Type.String()),
  archives: Archives,
  ...PlaceFields,
  explanation: Type.Unknown({ description: 'Field by field why the event matches or does not' }),
  deliveries: Type.Array(ref(TracedDeliverySchema)),
})

/** What became of an event, and why a rule did or did not take it. */
export function addTraceRoutes(add: AddRoute, ports: TraceRoutePorts): void {
  const tag = 'events'
  add({
    method: 'GET',
    url: '/events/:id/trace',
    tag,
    summary:
      'Follow an event: on each event bus which rules take it, each delivery and each attempt',
    permission: 'events:Read',
    params: EventParams,
    answer: [200, Type.Object({ traces: Type.Array(ref(TraceSchema)) })],
    run: async (caller, { params }) => {
      const traces: object[] = []
      for (const place of (await eventsSeenBy(ports, caller, params.id)).events) {
        const { isRouted, rules, deliveries, steps } = await traceOf(ports.trace, place)
        const wire = await wireDeliveries(ports, caller, place, deliveries)
        const named = await withNotifications(ports, caller, place, rules)
        traces.push({ ...wirePlace(place, isRouted), rules: named, deliveries: wire, steps })
      }
      return { traces }
    },
  })
  add({
    method: 'GET',
    url: '/events/:id/why',
    tag,
    summary: 'Why a rule takes an event or does not, and what came of it',
    permission: 'events:Read',
    params: EventParams,
    query: WhyQuery,
    answer: [200, WhySchema],
    run: async (caller, { params, query }) => {
      const { events: places } = await eventsSeenBy(ports, caller, params.id)
      const { place, rule } = await judgedBy(ports, places, query.rule)
      const { isRouted, deliveries, ...reason } = await reasonOf(ports.trace, rule, place)
      return {
        ruleArn: rule.arn,
        state: rule.state,
        ...(rule.eventPattern !== undefined && { eventPattern: rule.eventPattern }),
        ...(rule.scheduleExpression !== undefined && {
          scheduleExpression: rule.scheduleExpression,
        }),
        ...(isArchiveRule(rule) && { archives: true }),
        ...wirePlace(place, isRouted),
        ...reason,
        deliveries: await wireDeliveries(ports, caller, place, deliveries),
      }
    },
  })
}

interface Judged {
  readonly place: PositionedEvent
  readonly rule: Rule
}

/** The rule of that ARN or name on one of the event's buses, else that of such a notification. */
async function judgedBy(
  { trace, state }: TraceRoutePorts,
  places: readonly PositionedEvent[],
  asked: string,
): Promise<Judged> {
  const all: Judged[] = []
  // An event that awaits enrichment is never routed.
  for (const place of places.filter(({ event }) => event.awaitsEnrichment !== true)) {
    const rules = await trace.rulesOf(place.event.busArn)
    all.push(...rules.map((rule) => ({ place, rule })))
  }
  const found = all.filter(({ rule }) => rule.arn === asked || rule.name === asked)
  for (const judged of found.length === 0 ? all : []) {
    const notification = await notificationOfRule(state, judged.rule)
    if (notification?.id === asked || notification?.name === asked) found.push(judged)
  }
  const [newest] = found.slice(-1)
  const arns = [...new Set(found.map(({ rule }) => rule.arn))]
  if (newest === undefined) throw noSuchRule(places, asked)
  if (arns.length === 1) return newest
  const message = `several buses have a rule "${asked}": give the ARN of one, ${arns.join(' or ')}`
  throw new RestError(400, 'rule.unclear', message)
}

function noSuchRule(places: readonly PositionedEvent[], asked: string): RestError {
  const buses = [...new Set(places.map(({ event }) => event.busArn))]
  return new RestError(
    404,
    'rule.not-found',
    `no bus that the event is on has a rule or notification "${asked}", so it could not take the event: the event is on ${buses.join(', ')}`,
  )
}

function wirePlace({ position, event }: PositionedEvent, routed: boolean) {
  const { busArn: bus, acceptedAt, awaitsEnrichment } = event
  return { position, bus, acceptedAt, ...(awaitsEnrichment && { awaitsEnrichment }), routed }
}

/** Nobody knows the rule of a notification by the name that it has on the bus. */
async function withNotifications(
  { trace, state }: TraceRoutePorts,
  caller: Principal,
  { event }: PositionedEvent,
  verdicts: readonly RuleVerdict[],
): Promise<readonly object[]> {
  if (!mayDo(caller, 'notifications:Read')) return verdicts
  const rules = new Map((await trace.rulesOf(event.busArn)).map((rule) => [rule.arn, rule]))
  return Promise.all(
    verdicts.map(async (verdict) => {
      const rule = rules.get(verdict.ruleArn)
      const notification = rule && (await notificationOfRule(state, rule))
      if (notification === undefined || !reaches(caller, notification.organisationId)) {
        return verdict
      }
      return { ...verdict, notificationName: notification.name }
    }),
  )
}

function wireDeliveries(
  { state }: TraceRoutePorts,
  caller: Principal,
  { event }: PositionedEvent,
  deliveries: readonly TracedDelivery[],
) {
  const { id: eventId, acceptedAt: since } = event
  return Promise.all(
    deliveries.map(async (delivery) => {
      const { arn: targetArn } = delivery.target
      const notification = await outcomeOf(state, caller, { targetArn, eventId, since })
      return { ...wireDelivery(delivery), ...(notification !== undefined && { notification }) }
    }),
  )
}

function wireDelivery({ target, attempts, deadLetterQueue, ...delivery }: TracedDelivery) {
  return {
    ...delivery,
    targetId: target.id,
    targetArn: target.arn,
    ...(deadLetterQueue !== undefined && {
      deadLetterQueue: {
        arn: deadLetterQueue.arn,
        sent: deadLetterQueue.sent,
        ...wireError(deadLetterQueue.error),
      },
    }),
    attempts: attempts.map(({ number, startedAt, durationMs, outcome, error, answer }) => ({
      number,
      startedAt,
      durationMs,
      outcome,
      ...wireError(error),
      ...(answer !== undefined && { status: answer.status, answer: answer.body }),
    })),
  }
}

function wireError(error: AttemptError | undefined) {
  return error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }
}
