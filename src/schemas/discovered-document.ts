import { merged, shapeOf } from './value-shape.ts'
import type { ValueShape } from './value-shape.ts'
import type { OpenApiDocument, SchemaObject } from './schema-document.ts'

/** The envelope that every event on a bus has, before anything is known of its detail. */
const ENVELOPE = {
  version: '0',
  id: '',
  'detail-type': '',
  source: '',
  account: '',
  time: '2026-01-31T08:15:00Z',
  region: '',
  resources: [''],
}
const ENVELOPE_SHAPE: ValueShape = shapeOf(ENVELOPE)

/** AWS's name of the component that is a whole event. */
const EVENT_COMPONENT = 'AWSEvent'
/** What an example that is no event of a bus is called. */
const PLAIN_COMPONENT = 'Event'

export interface EventKind {
  readonly source: string
  readonly detailType: string
}

/** The shape of an event of a bus together with the envelope that all of them have. */
export function eventShape(event: object): ValueShape {
  const withDetail = merged(ENVELOPE_SHAPE, shapeOf(event))
  const { object } = withDetail
  if (!Object.hasOwn(event, 'detail') || typeof object !== 'object') return withDetail
  // The envelope alone has no detail, every event has one.
  return {
    object: { ...object, required: [...object.required, 'detail'].toSorted() },
  }
}

/** The OpenAPI document of the events of a kind, as EventBridge's discovery writes it. */
export function eventDocument(shape: ValueShape, kind: EventKind): OpenApiDocument {
  return documentOf(schemaOf(shape), kind)
}

/** The same of the schema of a whole event; its detail becomes a component of its own. */
export function documentOf(event: SchemaObject, kind: EventKind): OpenApiDocument {
  const component = detailComponent(kind)
  const { properties = {} } = event
  const { detail } = properties
  return document(detailName(kind.detailType), {
    [EVENT_COMPONENT]: {
      ...event,
      'x-amazon-events-detail-type': kind.detailType,
      'x-amazon-events-source': kind.source,
      ...(detail !== undefined && {
        properties: { ...properties, detail: { $ref: `#/components/schemas/${component}` } },
      }),
    },
    ...(detail !== undefined && { [component]: detail }),
  })
}

/** The schema of a whole event with a detail of which the schema is known. */
export function envelopeSchema(detail: SchemaObject): SchemaObject {
  const { required, properties, ...event } = schemaOf(eventShape({ ...ENVELOPE, detail: {} }))
  return { ...event, required, properties: { ...properties, detail } }
}

/** The component that is the detail of events of a kind. */
function detailComponent({ detailType }: EventKind): string {
  const name = detailName(detailType)
  return name === EVENT_COMPONENT ? `${name}Detail` : name
}

/** The OpenAPI document of JSON that is no event of a bus. */
export function plainDocument(shape: ValueShape): OpenApiDocument {
  return document(PLAIN_COMPONENT, { [PLAIN_COMPONENT]: schemaOf(shape) })
}

/** The name under which events of a kind are in a registry. */
export function schemaNameOf({ source, detailType }: EventKind): string {
  const from = source.replaceAll(/[^.\-_A-Za-z0-9@]+/g, '-')
  return `${from}@${detailName(detailType)}`.slice(0, SCHEMA_NAME_MAX)
}
const SCHEMA_NAME_MAX = 385

/**
 * A detail type as one word: `EC2 Instance State-change Notification` is
 * `EC2InstanceStateChangeNotification` in AWS's own registry.
 */
function detailName(detailType: string): string {
  const [first = '', ...others] = detailType.split(/[^_A-Za-z0-9]+/).filter((word) => word !== '')
  const name = [first, ...others.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('')
  // Of other alphabets nothing would be left, and all of them would be one.
  return name === '' ? `x${Buffer.from(detailType).toString('hex')}` : name
}

function document(title: string, schemas: Record<string, SchemaObject>): OpenApiDocument {
  return {
    openapi: '3.0.0',
    info: { version: '1.0.0', title },
    paths: {},
    components: { schemas },
  }
}

/** What the values of a shape are in an OpenAPI document; no more is said than was seen. */
export function schemaOf(shape: ValueShape): SchemaObject {
  const [first, ...others] = kindsOf(shape)
  const nullable = shape.null !== undefined
  // OpenAPI 3.0 knows no type "null".
  if (first === undefined) return nullable ? { type: 'string', nullable, enum: [null] } : {}
  const one = nullable ? { ...first, nullable } : first
  return others.length === 0 ? one : { anyOf: [one, ...others] }
}

function kindsOf({ boolean, number, string, array, object }: ValueShape): readonly SchemaObject[] {
  return [
    ...(object === undefined ? [] : [objectSchema(object)]),
    ...(array === undefined ? [] : [arraySchema(array)]),
    ...(string === undefined ? [] : [stringSchema(string)]),
    ...(number === undefined ? [] : [{ type: 'number' }]),
    ...(boolean === undefined ? [] : [{ type: 'boolean' }]),
  ]
}

function stringSchema(string: NonNullable<ValueShape['string']>): SchemaObject {
  return { type: 'string', ...(string === 'date-time' && { format: string }) }
}

function arraySchema(items: ValueShape): SchemaObject {
  const neverAny = Object.keys(items).length === 0
  return { type: 'array', items: schemaOf(items), ...(neverAny && { maxItems: 0 }) }
}

function objectSchema(object: NonNullable<ValueShape['object']>): SchemaObject {
  if (object === 'any') return { type: 'object' }
  const { required, properties } = object
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, shape]) => [name, schemaOf(shape)]),
    ),
  }
}
