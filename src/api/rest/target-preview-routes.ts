import { Type } from 'typebox'

import type { Rules } from '#src/buses/rules.ts'
import { AwsError, RestError } from '#src/errors.ts'
import type { EventFinder } from '#src/event-index/event-finder.ts'
import { busArn, parseRuleArn } from '#src/model/arn.ts'
import { compactObject } from '#src/model/compact-json.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Principal } from '#src/model/principal.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import { structure } from '../eventbridge/operation.ts'
import { checkInput } from '../eventbridge/shapes.ts'
import { INPUT_MEMBERS, inputFrom } from '../eventbridge/wire-input.ts'
import { TARGET_MEMBERS } from '../eventbridge/wire-target.ts'
import { maySee } from '../visibility.ts'
import { EVENT_ID_CHARACTERS_MAX, eventsSeenBy } from './event-routes.ts'
import type { AddRoute } from './route.ts'

export interface TargetPreviewPorts {
  readonly rules: Rules
  readonly finder: EventFinder
  readonly directory: Directory
  readonly clock: Clock
}

/** What a template's reserved variables say where no rule is given. */
const EXAMPLE_RULE_ARN = 'arn:aws:events:us-east-1:123456789012:rule/example'
const TARGET_ID_DEFAULT = 'preview'

const Given = Type.Object({
  target: Type.Optional(
    Type.Object(
      Object.fromEntries(
        Object.keys(TARGET_MEMBERS).map((name) => [name, Type.Optional(Type.Unknown())]),
      ),
      {
        description: 'As PutTargets takes it; Input, InputPath and InputTransformer are looked at',
      },
    ),
  ),
  ruleArn: Type.Optional(
    Type.String({ maxLength: 1_600, description: 'The rule that the target is one of' }),
  ),
  targetId: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'A target that the rule has, instead of "target"',
    }),
  ),
  event: Type.Optional(
    Type.String({ description: 'The event as JSON text, so that numbers stay as written' }),
  ),
  eventId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: EVENT_ID_CHARACTERS_MAX,
      description: 'An event that the hub has, instead of "event"',
    }),
  ),
})

const Preview = Type.Object({
  body: Type.Optional(Type.String({ description: 'What the target would be sent' })),
  missing: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Placeholders whose path finds nothing in the event, and which are left empty',
    }),
  ),
  errorCode: Type.Optional(
    Type.String({ description: 'Where it would be sent nothing: the code of the dead letter' }),
  ),
  errorMessage: Type.Optional(Type.String()),
})

type PreviewedEvent = Pick<RecordedEvent, 'json' | 'acceptedAt'>

/** `POST /targets/preview`: this event and this target give this request. */
export function addTargetPreviewRoutes(add: AddRoute, ports: TargetPreviewPorts): void {
  add({
    method: 'POST',
    url: '/targets/preview',
    tag: 'events',
    summary: 'Show what a target would be sent of an event, or why it would be sent nothing',
    permission: 'events:Read',
    body: Given,
    answer: [200, Preview],
    run: async (caller, { body: { target, ruleArn, targetId, event, eventId } }) => {
      if ((target === undefined) === (targetId === undefined)) {
        throw unclear('say which target: "target", or the "ruleArn" and "targetId" of one')
      }
      if ((event === undefined) === (eventId === undefined)) {
        throw unclear('say which event: "event", its JSON text, or the "eventId" of one')
      }
      const previewed =
        targetId === undefined
          ? givenTarget(target ?? {})
          : await storedTarget(ports, caller, { ruleArn, targetId })
      const input = inputFor(
        { target: previewed, ruleArn: ruleArn ?? EXAMPLE_RULE_ARN, attempts: 0 },
        eventId === undefined
          ? givenEvent(event ?? '', ports.clock)
          : await storedEvent(ports, caller, { eventId, ruleArn }),
      )
      if (!input.ok) return { errorCode: input.error.code, errorMessage: input.error.message }
      const { text, missing } = input
      return { body: text, ...(missing !== undefined && { missing }) }
    },
  })
}

/** Refuses what PutTargets refuses, in the same words. */
function givenTarget(target: Readonly<Record<string, unknown>>): Pick<Target, 'input'> {
  const { Id = TARGET_ID_DEFAULT } = target
  try {
    checkInput(structure(INPUT_MEMBERS), target)
    const input = inputFrom(String(Id), target)
    return { ...(input !== undefined && { input }) }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    throw new RestError(400, 'target.invalid', error.message)
  }
}

async function storedTarget(
  { rules, directory, clock }: TargetPreviewPorts,
  caller: Principal,
  { ruleArn, targetId }: { readonly ruleArn: string | undefined; readonly targetId: string },
): Promise<Target> {
  if (ruleArn === undefined)
    throw unclear('the "targetId" is one of a rule: give its "ruleArn" too')
  const named = parseRuleArn(ruleArn)
  const notFound = new RestError(
    404,
    'target.not-found',
    `there is no rule "${ruleArn}" with a target "${targetId}" that you may see`,
  )
  if (named === undefined) throw notFound
  const { account } = named.bus
  if (!(await maySee(directory, caller, { account, at: clock.now() }))) throw notFound
  try {
    const { targets } = await rules.describe(named.bus, named.rule)
    const found = targets.find(({ id }) => id === targetId)
    if (found === undefined) throw notFound
    return found
  } catch (error) {
    throw error instanceof AwsError ? notFound : error
  }
}

function givenEvent(text: string, clock: Clock): PreviewedEvent {
  const json = compactObject(text)
  if (json !== undefined) return { json, acceptedAt: clock.now() }
  throw new RestError(400, 'event.invalid', 'the event is not the text of a JSON object')
}

/** Of an event that several buses have, the one on the rule's. */
async function storedEvent(
  ports: TargetPreviewPorts,
  caller: Principal,
  { eventId, ruleArn = '' }: { readonly eventId: string; readonly ruleArn: string | undefined },
): Promise<PreviewedEvent> {
  const found = await eventsSeenBy(ports, caller, eventId)
  const named = parseRuleArn(ruleArn)
  const ruleBus = named && busArn(named.bus)
  const events = found.events.map(({ event }) => event)
  return (events.find((event) => event.busArn === ruleBus) ??
    events.find((event) => event.awaitsEnrichment !== true) ??
    events[0]) as PreviewedEvent
}

function unclear(message: string): RestError {
  return new RestError(400, 'preview.unclear', message)
}
