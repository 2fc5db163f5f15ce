import { IsSchema, Type } from 'typebox'
import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Validator } from 'typebox/compile'
import { Pointer } from 'typebox/value'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import { formText } from '#src/model/form-text.ts'
import { ACCOUNT_MANAGEMENT } from './account-management.ts'
import { COMPLIANCE_CONFIGURATION } from './compliance-configuration.ts'
import { COST_AND_COMPLIANCE } from './cost-and-compliance.ts'
import { COST_MANAGEMENT } from './cost-management.ts'
import { EVENT_DELIVERY } from './event-delivery.ts'
import { AwsId, GAINED_KEYWORD, ID_KEYWORD, Uuid } from './event-type.ts'
import type { EventType, IdMeaning } from './event-type.ts'
import { ORGANISATION_MANAGEMENT } from './organisation-management.ts'
import { PORTAL } from './portal.ts'
import { SECURITY } from './security.ts'
import { SERVICE_CONFIGURATION } from './service-configuration.ts'
import { USER_MANAGEMENT } from './user-management.ts'

/** Every type of tenancy event that there is. */
export const CATALOGUE: readonly EventType[] = [
  ...ACCOUNT_MANAGEMENT,
  ...SECURITY,
  ...USER_MANAGEMENT,
  ...ORGANISATION_MANAGEMENT,
  ...SERVICE_CONFIGURATION,
  ...EVENT_DELIVERY,
  ...COST_AND_COMPLIANCE,
  ...COMPLIANCE_CONFIGURATION,
  ...COST_MANAGEMENT,
  ...PORTAL,
]

const BY_NAME = new Map(CATALOGUE.map((type) => [type.name, type]))

/** @param name such as `AccountCreateEvent` */
export function eventTypeOf(name: string): EventType | undefined {
  return BY_NAME.get(name)
}

/** As in the envelope's `detail-type`. */
export function detailTypeOf({ category, name }: EventType): string {
  return `${category}: ${name}`
}

/** The fields of an event that hold IDs, with what each names. */
export function idsOf({ fields }: EventType): readonly (readonly [string, IdMeaning])[] {
  return Object.entries(fields.properties).flatMap(([field, schema]) => {
    const meaning = (schema as { readonly [ID_KEYWORD]?: IdMeaning })[ID_KEYWORD]
    return meaning === undefined ? [] : [[field, meaning] as const]
  })
}

const Instant = Type.String({ format: 'date-time' })
const named = (properties: Record<string, TSchema>) => Type.Object({ id: Uuid, ...properties })
const OptionalText = Type.Optional(Type.String())

export const META_GAINS = {
  customer: { name: 'name' },
  organization: { name: 'name', alias: 'alias' },
  user: { username: 'email', email: 'email' },
  aws: { accountName: 'name' },
  apiToken: { tokenName: 'name' },
} as const

/** `meta`, which all events share. `apiToken`, `emitted` and the W3C trace header are ours. */
export const Meta = Type.Object({
  customer: named({ name: OptionalText }),
  organization: named({ name: OptionalText, alias: OptionalText }),
  user: Type.Optional(named({ username: OptionalText, email: OptionalText })),
  apiToken: Type.Optional(Type.Object({ accessKeyId: Uuid, tokenName: OptionalText })),
  aws: Type.Optional(
    Type.Object({ accountId: AwsId, accountName: OptionalText, region: OptionalText }),
  ),
  timings: Type.Optional(
    Type.Object({
      eventPublishTime: Type.Optional(Instant),
      processorReceiveTime: Type.Optional(Instant),
      processorDispatchTime: Type.Optional(Instant),
    }),
  ),
  emitted: Type.Optional(
    Type.Boolean({
      description: 'A publisher outside of the hub said so, with the API token that is named',
    }),
  ),
  traceContext: Type.Optional(Type.Object({ hc: OptionalText, traceparent: OptionalText })),
})

/** The JSON Schema of a whole event of a type as its consumers get it. More fields may come. */
export function eventSchema(type: EventType, { prefix, partner }: EventNamespace): TObject {
  const detail = Type.Object({
    meta: Meta,
    [`${prefix}EventVersion`]: Type.Literal(type.version),
    [`${prefix}EventID`]: Uuid,
    [`${prefix}EventTime`]: Instant,
    [`${prefix}EventSource`]: Type.Literal(`${prefix}.${type.component}`),
    [`${prefix}EventType`]: Type.Literal(type.category),
    [`${prefix}EventName`]: Type.Literal(type.name),
    ...type.fields.properties,
  })
  return Type.Object(
    {
      version: Type.Literal('0'),
      id: Uuid,
      'detail-type': Type.Literal(detailTypeOf(type)),
      source: Type.String({
        pattern: `^aws\\.partner/${partner.replaceAll('.', '\\.')}/[0-9]{12}/`,
      }),
      account: AwsId,
      time: Instant,
      region: Type.String(),
      resources: Type.Array(Type.String()),
      detail,
    },
    { title: detailTypeOf(type), description: type.summary },
  )
}

/** One whole event of a type, with example values. */
export function exampleOf(type: EventType, { prefix, partner }: EventNamespace) {
  const at = '2026-01-31T08:15:00.607971Z'
  const logging = '222233334444'
  return {
    version: '0',
    id: '0194f0e2-5a3c-7b11-9d0e-4c5d6e7f8a9b',
    'detail-type': detailTypeOf(type),
    source: `aws.partner/${partner}/${logging}/default`,
    account: logging,
    time: `${at.slice(0, 19)}Z`,
    region: 'ap-southeast-2',
    resources: [],
    detail: {
      meta: {
        customer: { id: '0194f0e2-5a3c-7b11-9d0e-7f8e9d0c1b2a', name: 'Example Holdings' },
        organization: {
          id: '49a9bcb2-6c7d-4aed-bf5d-6be6ee13ad6a',
          name: 'Example Holdings',
          alias: 'example',
        },
        timings: {
          eventPublishTime: at,
          processorReceiveTime: '2026-01-31T08:15:00.631Z',
          processorDispatchTime: '2026-01-31T08:15:00.632Z',
        },
      },
      [`${prefix}EventVersion`]: type.version,
      [`${prefix}EventID`]: '0194f0e2-5a3c-7b11-9d0e-0a1b2c3d4e5f',
      [`${prefix}EventTime`]: at,
      [`${prefix}EventSource`]: `${prefix}.${type.component}`,
      [`${prefix}EventType`]: type.category,
      [`${prefix}EventName`]: type.name,
      ...type.example,
    },
  }
}

const validators = new Map<string, Validator>()

/**
 * What is wrong with an event's own fields as its publisher gives them, before enrichment has set
 * the names behind its IDs; undefined when nothing is. A field that is not in the catalogue
 * passes: the publisher may be newer.
 * @returns such as `"userID" must be string`
 */
export function faultOfFields(
  type: EventType,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  let validator = validators.get(type.name)
  if (validator === undefined) {
    validator = Compile(publishedSchema(type))
    validators.set(type.name, validator)
  }
  return faultOf(validator, fields)
}

/** The first fault of a value, as the path of the field and what it must be. */
export function faultOf(validator: Validator, value: unknown): string | undefined {
  if (validator.Check(value)) return undefined
  const [first] = validator.Errors(value)
  if (first === undefined) return 'is not valid'
  const path = first.instancePath.slice(1).replaceAll('/', '.')
  // A field beside those of a closed schema, where it comes before all other faults.
  if (first.keyword === 'boolean') return `"${path}" is no field that there is`
  const {
    requiredProperties: missing,
    additionalProperties: unknown,
    allowedValues,
  } = first.params as {
    readonly requiredProperties?: readonly string[]
    readonly additionalProperties?: readonly string[]
    readonly allowedValues?: readonly unknown[]
  }
  if (unknown !== undefined) {
    return `"${[...(path === '' ? [] : [path]), unknown[0]].join('.')}" is no field that there is`
  }
  if (missing !== undefined) {
    const at = [...(path === '' ? [] : [path]), missing[0]].join('.')
    return `"${at}" is missing`
  }
  if (allowedValues !== undefined) return `"${path}" must be one of ${allowedValues.join(', ')}`
  const isOfForm = ['format', 'pattern', 'type'].includes(first.keyword)
  const form = isOfForm ? formOf(validator, first.schemaPath) : undefined
  return `"${path}" ${form ?? first.message}`
}

/** What the schema at a path such as `#/properties/to/items` says of its form. */
function formOf(validator: Validator, schemaPath: string): string | undefined {
  const schema: unknown = Pointer.Get(validator.Type(), schemaPath.slice(1))
  return IsSchema(schema) ? formText(schema) : undefined
}

/** The schema of the fields that a publisher gives: those that enrichment sets are optional. */
export function publishedSchema({ fields }: EventType): TObject {
  return Type.Object(
    Object.fromEntries(
      Object.entries(fields.properties).map(([name, schema]) => [
        name,
        GAINED_KEYWORD in schema ? Type.Optional(schema) : schema,
      ]),
    ),
  )
}
