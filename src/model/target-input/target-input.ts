import type { Delivery } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { textAt } from './event-path.ts'
import { filledTemplate, parseTemplate } from './input-template.ts'
import type { InputOutcome } from './input-template.ts'
import { JsonValue } from './json-value.ts'
import { reservedText } from './reserved-variables.ts'
import { scheduledText } from './scheduled-input.ts'

/** For whom the event is, and how often the target was tried before. */
type Recipient = Pick<Delivery, 'ruleArn' | 'attempts'> & { readonly target: Pick<Target, 'input'> }

/**
 * What a target is sent of an event: the event, or what Input, InputPath or InputTransformer make
 * of it, or what its schedule says. Every kind of target but the event bus sends this text.
 */
export function inputFor(
  { target, ruleArn, attempts }: Recipient,
  { json, acceptedAt, scheduled }: Pick<RecordedEvent, 'json' | 'acceptedAt' | 'scheduled'>,
): InputOutcome {
  if (scheduled !== undefined) {
    return { ok: true, text: scheduledText(scheduled, json, { ruleArn, attempts }) }
  }
  const { input } = target
  switch (input?.kind) {
    case undefined:
      return { ok: true, text: json }
    case 'constant':
      return { ok: true, text: input.text }
    case 'path': {
      const text = textAt(new JsonValue(json), input.path)
      if (text !== undefined) return { ok: true, text }
      const message = `the input path ${input.path} finds nothing in the event`
      return { ok: false, error: { code: 'INVALID_JSON', message } }
    }
    case 'template': {
      const event = new JsonValue(json)
      const paths = new Map(Object.entries(input.paths ?? {}))
      return filledTemplate(parseTemplate(input.template), (name) => {
        const path = paths.get(name)
        if (path !== undefined) return textAt(event, path)
        return reservedText(name, event, { ruleArn, acceptedAt })
      })
    }
    default:
      return input satisfies never
  }
}
