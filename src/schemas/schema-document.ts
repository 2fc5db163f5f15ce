import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import { NESTING_MAX, nestingOf } from './nesting.ts'
import { badRequest } from './faults.ts'

/** A schema in JSON Schema's words, as far as the hub looks into it. */
export interface SchemaObject {
  readonly [keyword: string]: unknown
  readonly properties?: Readonly<Record<string, SchemaObject>>
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: object
  readonly components?: { readonly schemas?: Readonly<Record<string, SchemaObject>> }
}

export const SCHEMA_TYPES = ['OpenApi3', 'JSONSchemaDraft4'] as const
export type SchemaType = (typeof SCHEMA_TYPES)[number]

export const DRAFT_4 = 'http://json-schema.org/draft-04/schema#'

/**
 * Checks that a text is a document of a type.
 * @throws AwsError BadRequestException
 */
export function checkContent(type: SchemaType, content: string): void {
  const document = parsed(content)
  const faults = type === 'OpenApi3' ? openApi.Errors(document) : draft4.Errors(document)
  const [fault] = faults
  if (fault !== undefined) {
    const at = fault.instancePath === '' ? 'the document' : `"${fault.instancePath}"`
    throw invalid(`${at} ${fault.message}`)
  }
  for (const reference of referencesIn(document)) {
    if (!resolves(document, reference)) {
      throw invalid(`"${reference}" names nothing in the document`)
    }
  }
}

function parsed(content: string): unknown {
  if (nestingOf(content) > NESTING_MAX) throw invalid(`it nests deeper than ${NESTING_MAX} levels`)
  try {
    return JSON.parse(content)
  } catch {
    throw invalid('it is not valid JSON')
  }
}

const invalid = (reason: string) => badRequest(`Content is not valid. Reason: ${reason}.`)

const Count = Type.Integer({ minimum: 0 })
const Names = Type.Array(Type.String(), { minItems: 1, uniqueItems: true })
const Nested = Type.Ref('Schema')
const NestedByName = Type.Record(Type.String(), Nested)
const TypeName = Type.Union(
  ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'].map((name) =>
    Type.Literal(name),
  ),
)

/** The keywords that JSON Schema draft 4 and OpenAPI 3.0 share; others may be there as well. */
const SHARED = Type.Partial(
  Type.Object({
    $ref: Type.String(),
    title: Type.String(),
    description: Type.String(),
    format: Type.String(),
    pattern: Type.String(),
    multipleOf: Type.Number({ exclusiveMinimum: 0 }),
    maximum: Type.Number(),
    minimum: Type.Number(),
    exclusiveMaximum: Type.Boolean(),
    exclusiveMinimum: Type.Boolean(),
    maxLength: Count,
    minLength: Count,
    maxItems: Count,
    minItems: Count,
    maxProperties: Count,
    minProperties: Count,
    uniqueItems: Type.Boolean(),
    required: Names,
    enum: Type.Array(Type.Unknown(), { minItems: 1 }),
    properties: NestedByName,
    additionalProperties: Type.Union([Type.Boolean(), Nested]),
    allOf: Type.Array(Nested, { minItems: 1 }),
    anyOf: Type.Array(Nested, { minItems: 1 }),
    oneOf: Type.Array(Nested, { minItems: 1 }),
    not: Nested,
  }),
).properties

const draft4 = Compile(
  Type.Cyclic(
    {
      Schema: Type.Object({
        ...SHARED,
        $schema: Type.Optional(Type.String({ pattern: `^${DRAFT_4}?$` })),
        id: Type.Optional(Type.String()),
        type: Type.Optional(
          Type.Union([TypeName, Type.Array(TypeName, { minItems: 1, uniqueItems: true })]),
        ),
        items: Type.Optional(Type.Union([Nested, Type.Array(Nested, { minItems: 1 })])),
        additionalItems: Type.Optional(Type.Union([Type.Boolean(), Nested])),
        definitions: Type.Optional(NestedByName),
        patternProperties: Type.Optional(NestedByName),
        dependencies: Type.Optional(Type.Record(Type.String(), Type.Union([Nested, Names]))),
      }),
    },
    'Schema',
  ),
)

const OpenApiSchema = Type.Cyclic(
  {
    Schema: Type.Object({
      ...SHARED,
      type: Type.Optional(TypeName),
      nullable: Type.Optional(Type.Boolean()),
      items: Type.Optional(Nested),
    }),
  },
  'Schema',
)

const openApi = Compile(
  Type.Object({
    openapi: Type.String({ pattern: '^3\\.0\\.\\d+$' }),
    info: Type.Object({ title: Type.String(), version: Type.String() }),
    paths: Type.Object({}),
    components: Type.Optional(
      Type.Object({ schemas: Type.Optional(Type.Record(Type.String(), OpenApiSchema)) }),
    ),
  }),
)

/** Every `$ref` that is one: a property may be called `$ref` as well, and is then no text. */
function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === '$ref' && typeof member === 'string' ? [member] : referencesIn(member),
  )
}

function resolves(document: unknown, reference: string): boolean {
  if (!reference.startsWith('#')) return false
  const steps = reference.slice(1).split('/').slice(1).map(unescaped)
  let at = document
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || step === undefined) return false
    if (!Object.hasOwn(at, step)) return false
    at = (at as Readonly<Record<string, unknown>>)[step]
  }
  return true
}

/** A step of a JSON pointer in a URL's fragment; undefined where it is none. */
function unescaped(step: string): string | undefined {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return undefined
  }
}
