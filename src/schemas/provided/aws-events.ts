import { readFileSync } from 'node:fs'

import { documentOf, envelopeSchema, schemaNameOf, schemaOf } from '../discovered-document.ts'
import type { EventKind } from '../discovered-document.ts'
import type { SchemaObject } from '../schema-document.ts'
import type { ProvidedRegistry, ProvidedSchema } from '../provided-registries.ts'
import { merged, shapeOf } from '../value-shape.ts'
import type { ValueShape } from '../value-shape.ts'

/**
 * `aws.events`, AWS's own registry: the kinds of events that AWS services send. Where there are
 * events of a kind in `samples`, its schema is what discovery would make of them; otherwise it has
 * the names of the detail's fields, as AWS documents them, and says nothing of their values.
 */
export const AWS_EVENTS: ProvidedRegistry = {
  name: 'aws.events',
  description: 'Events that AWS services send',
  schemas: () => (read ??= readSchemas()),
}
let read: ReadonlyMap<string, ProvidedSchema> | undefined

const CATALOGUE = new URL('aws-event-catalogue.tsv', import.meta.url)
const SAMPLES = new URL('../../../samples/aws-events.ndjson', import.meta.url)

function readSchemas(): ReadonlyMap<string, ProvidedSchema> {
  const shapes = sampleShapes()
  const schemas = new Map<string, ProvidedSchema>()
  const [, ...rows] = readFileSync(CATALOGUE, 'utf8').trimEnd().split('\n')
  for (const row of rows) {
    const [source = '', detailType = '', , given = '', fields = ''] = row.split('\t')
    const kind = { source, detailType }
    const name = given === '' ? schemaNameOf(kind) : given
    // A second spelling of the same kind: the first is the registry's.
    if (schemas.has(name)) continue
    const detail = detailSchema(shapes.get(kindKey(kind)), fields)
    schemas.set(name, {
      name,
      description: `Schema for event type ${detailType}, published by AWS service ${source}`,
      content: JSON.stringify(documentOf(envelopeSchema(detail), kind)),
    })
  }
  return new Map([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What the samples of each kind have as their detail. */
function sampleShapes(): ReadonlyMap<string, ValueShape> {
  const shapes = new Map<string, ValueShape>()
  for (const line of readFileSync(SAMPLES, 'utf8').trimEnd().split('\n')) {
    const { event } = JSON.parse(line) as {
      readonly event: {
        readonly source: string
        readonly 'detail-type': string
        readonly detail: unknown
      }
    }
    const key = kindKey({ source: event.source, detailType: event['detail-type'] })
    shapes.set(key, merged(shapes.get(key) ?? {}, shapeOf(event.detail)))
  }
  return shapes
}

const kindKey = ({ source, detailType }: EventKind) => `${source}\n${detailType}`

/**
 * Samples show what may be in a detail, and not what must be or must not; where the names of the
 * fields are known, these are the fields.
 * @param fields the detail's, separated by commas; a "?" marks one that may be absent
 */
function detailSchema(shape: ValueShape | undefined, fields: string): SchemaObject {
  const sampled = schemaOf(shape ?? {})
  const { properties: values = {} } = loosened(sampled)
  const given = fields.split(',').filter((name) => name !== '')
  const names = given.map((name) => name.replace(/\?$/, ''))
  const { required: always = [] } = sampled as { readonly required?: readonly string[] }
  const required = given.filter(
    (name) => !name.endsWith('?') && (shape === undefined || always.includes(name)),
  )
  const properties = Object.fromEntries(names.map((name) => [name, values[name] ?? {}]))
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: names.length === 0 ? values : properties,
  }
}

/** A property may be called like a keyword; its value is then a schema. */
function loosened(schema: SchemaObject): SchemaObject {
  return JSON.parse(JSON.stringify(schema), (keyword, value: unknown) => {
    if (keyword === 'required' && Array.isArray(value)) return undefined
    if (keyword === 'maxItems' && value === 0) return undefined
    const { enum: only } = (value ?? {}) as { readonly enum?: unknown }
    return Array.isArray(only) ? {} : value
  }) as SchemaObject
}
