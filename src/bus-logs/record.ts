import { tells } from '#src/model/bus-log.ts'
import type { LogConfig } from '#src/model/bus-log.ts'
import { STEP_LEVELS } from '#src/model/step.ts'
import type { LoggedStep } from './steps.ts'

/** AWS's limit of a record, in characters here: what a file takes of each is known beforehand. */
export const RECORD_CHARACTERS_MAX = 1024 * 1024

/**
 * The line of a step in the log of a bus, in AWS's shape; undefined where its level leaves it out.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html
 */
export function recordOf(
  busArn: string,
  step: LoggedStep,
  { level, includeDetail }: LogConfig,
): string | undefined {
  const { type, at, eventId, invocationId, error } = step
  const ofStep = STEP_LEVELS[type]
  if (!tells(level, ofStep)) return undefined
  const line = (details: object, dropped: readonly string[]) =>
    JSON.stringify({
      resource_arn: busArn,
      event_bus_name: busArn.slice(busArn.indexOf('/') + 1),
      event_id: eventId,
      invocation_id: invocationId?.(),
      message_timestamp_ms: at,
      message_type: type,
      log_level: ofStep,
      details,
      ...(dropped.length > 0 && { dropped_fields: dropped }),
      error,
    })
  const details = step.details()
  const full = includeDetail === 'FULL' ? (step.full?.() ?? {}) : {}
  const whole = line({ ...details, ...full }, [])
  if (whole.length <= RECORD_CHARACTERS_MAX) return whole
  const short = line(details, Object.keys(full))
  if (short.length <= RECORD_CHARACTERS_MAX) return short
  return line({}, Object.keys({ ...details, ...full }))
}
