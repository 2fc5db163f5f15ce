import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { isNameFilter, nameMatches } from '#src/model/name-filter.ts'
import type { Directory } from '#src/ports/directory.ts'

const PATTERN_CHARACTERS_MAX = 4_096
const OR_A_PREFIX = 'or a prefix that ends in *'

const NamesQuery = Type.Object({
  account: Type.Optional(
    Type.String({
      maxLength: 64,
      description: `AWS account id that events came from, ${OR_A_PREFIX}`,
    }),
  ),
  region: Type.Optional(
    Type.String({ maxLength: 64, description: `Of the events, ${OR_A_PREFIX}` }),
  ),
  source: Type.Optional(
    Type.String({
      maxLength: 256,
      description: `Of the events, ${OR_A_PREFIX}; a partner's name is short for its event sources`,
    }),
  ),
  detailType: Type.Optional(
    Type.String({
      maxLength: 128,
      description: `Of the events, ${OR_A_PREFIX}; of a tenancy event its name will do`,
    }),
  ),
  bus: Type.Optional(
    Type.String({
      maxLength: 1_600,
      description: 'Name or ARN of an event bus, or id or name of the account that it is in',
    }),
  ),
})

export const PatternText = Type.String({
  maxLength: PATTERN_CHARACTERS_MAX,
  description: 'An event pattern, as JSON',
})

/** What the stream and the search choose events by. */
export const EventFilterQuery = {
  ...NamesQuery.properties,
  pattern: Type.Optional(PatternText),
}

/**
 * Whether an event has the names that a query asks for.
 * @throws RestError filter.invalid for what could match nothing
 */
export function namesFilter(
  directory: Directory,
  query: Static<typeof NamesQuery>,
): (event: RecordedEvent) => boolean | Promise<boolean> {
  const { account, region, source, detailType, bus } = query
  checkNames({ account, region, source, detailType, bus })
  const matches = (wanted: string | undefined, actual: string) =>
    wanted === undefined || nameMatches(wanted, actual)
  const isSource = (wanted: string | undefined, actual: string) =>
    matches(wanted, actual) || actual.startsWith(`aws.partner/${wanted}/`)
  const isDetailType = (actual: string) =>
    // A tenancy event's type is `<category>: <name>`.
    matches(detailType, actual) || actual.endsWith(`: ${detailType}`)
  const isOn = async (wanted: string, { busArn, acceptedAt }: RecordedEvent) => {
    if (wanted === busArn) return true
    const address = parseBusArn(busArn)
    if (address === undefined) return false
    if (isSource(wanted, address.name) || wanted === address.account) return true
    return (await directory.accountAt(address.account, acceptedAt))?.name === wanted
  }
  return (event) => {
    const isNamed =
      matches(account, event.account) &&
      matches(region, event.region) &&
      isSource(source, event.source) &&
      isDetailType(event.detailType)
    return isNamed && (bus === undefined || isOn(bus, event))
  }
}

/** @throws RestError for a text that is no event pattern */
export function patternOf(text: string): EventPattern {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    const message = `Event pattern is not valid. Reason: ${error.message}`
    throw new RestError(400, 'pattern.invalid', message)
  }
}

function checkNames(names: Readonly<Record<string, string | undefined>>): void {
  for (const [name, filter] of Object.entries(names)) {
    if (filter === undefined || isNameFilter(filter)) continue
    throw invalidFilter(
      `"${name}" is a whole name, or a prefix that ends in *, not "${filter}": a "pattern" with "wildcard" takes more`,
    )
  }
  const { account } = names
  if (account === undefined || /^\d{12}$|^\d{0,11}\*$/.test(account)) return
  throw invalidFilter(
    `"account" is an AWS account id of 12 digits, or its beginning and *, not "${account}"`,
  )
}

function invalidFilter(message: string): RestError {
  return new RestError(400, 'filter.invalid', message)
}
