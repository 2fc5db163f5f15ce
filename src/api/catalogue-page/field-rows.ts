import { GAINED_KEYWORD, ID_KEYWORD } from '#src/model/catalogue/event-type.ts'
import type { IdMeaning } from '#src/model/catalogue/event-type.ts'

/** The parts of JSON Schema that the catalogue's schemas are made of. */
export interface FieldSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly description?: string
  readonly items?: FieldSchema
  readonly anyOf?: readonly FieldSchema[]
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly patternProperties?: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
  readonly [ID_KEYWORD]?: IdMeaning
  readonly [GAINED_KEYWORD]?: string
}

/** A field of an event, as a line of a table. */
export interface FieldRow {
  /** With dots, below the event's detail. */
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly description: string
}

const FORMATS: Readonly<Record<string, string>> = { uuid: 'UUID', 'date-time': 'date-time' }
const AWS_ACCOUNT_PATTERN = '^[0-9]{12}$'

/** The fields of an object, and those inside of them after each. */
export function fieldRows(schema: FieldSchema, path: readonly string[] = []): readonly FieldRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = [...path, name]
    const row = {
      path: own.join('.'),
      type: typeText(field),
      required: schema.required?.includes(name) === true,
      description: descriptionOf(field),
    }
    return [row, ...objectsIn(field).flatMap((object) => fieldRows(object, own))]
  })
}

/** The field's own object, or those of its alternatives and of its list. */
function objectsIn(field: FieldSchema): readonly FieldSchema[] {
  if (field.properties !== undefined) return [field]
  return [...(field.anyOf ?? []), ...(field.items === undefined ? [] : [field.items])].flatMap(
    objectsIn,
  )
}

function typeText(field: FieldSchema): string {
  if (field.const !== undefined) return JSON.stringify(field.const)
  if (field.enum !== undefined) return field.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (field.anyOf !== undefined) {
    return [...new Set(field.anyOf.map(typeText))].join(' | ')
  }
  if (field.items !== undefined) return `list of ${typeText(field.items)}`
  const [values] = Object.values(field.patternProperties ?? {})
  if (values !== undefined) return `map to ${typeText(values)}`
  if (field.pattern === AWS_ACCOUNT_PATTERN) return '12 digits'
  return FORMATS[field.format ?? ''] ?? field.type ?? 'any'
}

function idText({ kind, gains }: IdMeaning): string {
  return `ID of kind ${kind.replaceAll('-', ' ')}: gains ${Object.keys(gains).join(', ')}`
}

function descriptionOf(field: FieldSchema): string {
  const { description, [ID_KEYWORD]: meaning, [GAINED_KEYWORD]: from } = field
  return [
    ...(description === undefined ? [] : [description]),
    ...(meaning === undefined ? [] : [idText(meaning)]),
    ...(from === undefined ? [] : [`Set by enrichment, from ${from}`]),
  ].join('. ')
}
