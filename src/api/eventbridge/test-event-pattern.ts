import { parsePattern } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'

const REQUIRED_FIELDS = ['id', 'detail-type', 'source', 'account', 'time', 'region']

/** @throws AwsError InvalidEventPatternException; ValidationException for an event without its envelope */
export function testEventPattern(input: {
  readonly EventPattern: string
  readonly Event: string
}): object {
  const pattern = parsePattern(input.EventPattern)
  const event = parsedObject(input.Event)
  if (event === undefined || REQUIRED_FIELDS.some((field) => event[field] === undefined)) {
    throw new AwsError('ValidationException', 'Parameter Event is not valid.')
  }
  if (typeof event['time'] !== 'string' || Number.isNaN(Date.parse(event['time']))) {
    throw new AwsError('ValidationException', 'Parameter Event is not valid. Reason: Invalid time.')
  }
  return { Result: pattern.matches(input.Event) }
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
