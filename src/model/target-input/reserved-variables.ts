import { parseRuleArn } from '#src/model/arn.ts'
import type { JsonValue } from './json-value.ts'

/** Whose rule, and when it was that the hub got the event (epoch ms). */
export interface Occasion {
  readonly ruleArn: string
  readonly acceptedAt: number
}

type Variable = (event: JsonValue, occasion: Occasion) => string

/** Placeholders that every template has, with the JSON texts of their values. */
const STRINGS: ReadonlyMap<string, Variable> = new Map([
  ['aws.events.rule-arn', (_event, { ruleArn }) => JSON.stringify(ruleArn)],
  [
    'aws.events.rule-name',
    (_event, { ruleArn }) => JSON.stringify(parseRuleArn(ruleArn)?.rule ?? ''),
  ],
  [
    'aws.events.event.ingestion-time',
    (_event, { acceptedAt }) => JSON.stringify(new Date(acceptedAt).toISOString()),
  ],
])
const OBJECTS: ReadonlyMap<string, Variable> = new Map([
  ['aws.events.event', envelope],
  ['aws.events.event.json', (event) => event.text],
])

export function isReservedVariable(name: string): boolean {
  return STRINGS.has(name) || OBJECTS.has(name)
}

/** Whether the variable is an object, which only a template that is one has room for. */
export function isReservedObject(name: string): boolean {
  return OBJECTS.has(name)
}

/** The JSON text of a reserved variable; undefined where none has the name. */
export function reservedText(
  name: string,
  event: JsonValue,
  occasion: Occasion,
): string | undefined {
  return (STRINGS.get(name) ?? OBJECTS.get(name))?.(event, occasion)
}

/** As AWS names and orders its fields in `aws.events.event`: recorded there. */
const ENVELOPE_FIELDS = [
  ['id', 'id'],
  ['account', 'account'],
  ['detailType', 'detail-type'],
  ['time', 'time'],
  ['source', 'source'],
  ['region', 'region'],
  ['resources', 'resources'],
  ['version', 'version'],
] as const

/** The event without its detail, and its time in epoch ms. */
function envelope(event: JsonValue): string {
  const fields = ENVELOPE_FIELDS.flatMap(([name, field]) => {
    const text = event.member(field)?.text
    if (text === undefined) return []
    return [`"${name}":${field === 'time' ? epochMs(text) : text}`]
  })
  return `{${fields.join(',')}}`
}

/** A text that is no time stays as it is. */
function epochMs(timeText: string): string {
  const time: unknown = JSON.parse(timeText)
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(at) ? timeText : String(at)
}
