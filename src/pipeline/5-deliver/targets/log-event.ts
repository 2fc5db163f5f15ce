import { JsonValue } from '#src/model/target-input/json-value.ts'
import { compactObject } from '#src/model/compact-json.ts'

/** What CloudWatch Logs keeps, or why it cannot be made of what the target was to be sent. */
export type LogEventOutcome =
  | { readonly ok: true; readonly timestamp: number; readonly message: string }
  | { readonly ok: false; readonly reason: string }

const FORM = '{"timestamp": <time>, "message": <text>}'

/**
 * A log group keeps an event whole at the event's time, or, of an input transformer, a `message` at
 * a `timestamp` in epoch milliseconds or as a date and time of ISO 8601.
 */
export function logEventOf(text: string, isWhole: boolean): LogEventOutcome {
  const json = compactObject(text)
  if (json === undefined) return { ok: false, reason: `a log group takes ${FORM}` }
  const value = new JsonValue(json)
  const [time, message] = isWhole
    ? [value.member('time')?.text, json]
    : [value.member('timestamp')?.text, value.member('message')?.text]
  if (time === undefined || message === undefined) {
    return { ok: false, reason: `a log group takes ${FORM}` }
  }
  const at: unknown = JSON.parse(time)
  const timestamp = typeof at === 'string' ? Date.parse(at) : at
  if (typeof timestamp === 'number' && Number.isSafeInteger(timestamp) && timestamp >= 0) {
    return { ok: true, timestamp, message: message.startsWith('"') ? textIn(message) : message }
  }
  return { ok: false, reason: `the timestamp ${time} is neither epoch milliseconds nor a time` }
}

function textIn(jsonString: string): string {
  return JSON.parse(jsonString) as string
}
