import { DRAFT_4 } from './schema-document.ts'
import type { OpenApiDocument, SchemaObject } from './schema-document.ts'

/** Keywords of OpenAPI 3.0 that JSON Schema does not have. */
const ONLY_OPEN_API = new Set([
  'nullable',
  'discriminator',
  'readOnly',
  'writeOnly',
  'xml',
  'externalDocs',
  'example',
  'deprecated',
])
const WITH_SCHEMAS_BY_NAME = new Set(['properties'])
const WITH_SCHEMAS = new Set(['allOf', 'anyOf', 'oneOf'])
const WITH_SCHEMA = new Set(['items', 'additionalProperties', 'not'])
/** Which schema of a document is the document's, where it has several: EventBridge's own name. */
const EVENT_COMPONENT = 'AWSEvent'

/** An OpenAPI 3.0 document as JSON Schema draft 4 of what it is about. */
export function draft4Of({ info, components }: OpenApiDocument): SchemaObject {
  const definitions = mapped(components?.schemas ?? {}, converted)
  const names = Object.keys(definitions)
  const root = names.length === 1 ? (names[0] as string) : EVENT_COMPONENT
  const about = definitions[root] ?? {
    anyOf: names.map((name) => ({ $ref: `#/definitions/${pointerStep(name)}` })),
  }
  return {
    $schema: DRAFT_4,
    title: info.title,
    definitions,
    ...(names.length > 0 && about),
  }
}

function converted(schema: SchemaObject): SchemaObject {
  const { $ref, nullable } = schema
  if (typeof $ref === 'string') {
    return { $ref: $ref.replace(/^#\/components\/schemas\//, '#/definitions/') }
  }
  const members = Object.entries(schema)
    .filter(([keyword]) => !ONLY_OPEN_API.has(keyword))
    .map(([keyword, value]) => [keyword, convertedMember(keyword, value)])
  const plain = Object.fromEntries(members) as SchemaObject
  return nullable === true && typeof plain['type'] === 'string'
    ? { ...plain, type: [plain['type'], 'null'] }
    : plain
}

function convertedMember(keyword: string, value: unknown): unknown {
  if (WITH_SCHEMAS_BY_NAME.has(keyword)) {
    return mapped(value as Readonly<Record<string, SchemaObject>>, converted)
  }
  if (WITH_SCHEMAS.has(keyword)) return (value as readonly SchemaObject[]).map(converted)
  const nested = WITH_SCHEMA.has(keyword) && typeof value === 'object'
  return nested ? converted(value as SchemaObject) : value
}

function pointerStep(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
}

function mapped<T, R>(values: Readonly<Record<string, T>>, to: (value: T) => R) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]))
}
