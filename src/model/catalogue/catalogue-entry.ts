import { Type } from 'typebox'
import type { Static } from 'typebox'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import { detailTypeOf, eventSchema, exampleOf, publishedSchema } from './catalogue.ts'
import type { EventType } from './event-type.ts'

const JSON_SCHEMA = 'https://json-schema.org/draft/2020-12/schema'

/** An event type as it is listed. */
export const CatalogueEntry = Type.Object(
  {
    name: Type.String(),
    detailType: Type.String({ description: 'As in the envelope' }),
    category: Type.String(),
    component: Type.String({ description: 'The publisher, as in the event’s source field' }),
    version: Type.String(),
    provenance: Type.Enum(['published', 'partly-published', 'ours'], {
      description:
        'Whether the reference system publishes this type, a part of it, or the choice is ours',
    }),
    summary: Type.String(),
    causes: Type.Array(
      Type.Object({
        action: Type.String(),
        permission: Type.Optional(Type.String()),
      }),
    ),
  },
  { $id: 'CatalogueEntry' },
)
export type CatalogueEntry = Static<typeof CatalogueEntry>

/** Everything that is known of an event type. */
export const WholeCatalogueEntry = Type.Object(
  {
    ...CatalogueEntry.properties,
    schema: Type.Object(
      {},
      {
        additionalProperties: true,
        description: 'JSON Schema (2020-12) of a whole event as consumers get it',
      },
    ),
    fieldsSchema: Type.Object(
      {},
      {
        additionalProperties: true,
        description: 'JSON Schema of the fields that a publisher gives to POST /tenancy-events',
      },
    ),
    example: Type.Object({}, { additionalProperties: true }),
    eventPattern: Type.Object(
      {},
      { additionalProperties: true, description: 'Matches the events of this type' },
    ),
  },
  { $id: 'WholeCatalogueEntry' },
)
export type WholeCatalogueEntry = Static<typeof WholeCatalogueEntry>

export function catalogueEntry(type: EventType): CatalogueEntry {
  const { name, category, component, version, provenance, summary } = type
  const causes = type.causes.map((cause) => ({ ...cause }))
  const detailType = detailTypeOf(type)
  return { name, detailType, category, component, version, provenance, summary, causes }
}

export function wholeCatalogueEntry(
  type: EventType,
  namespace: EventNamespace,
): WholeCatalogueEntry {
  return {
    ...catalogueEntry(type),
    schema: jsonSchemaOf(type, namespace),
    fieldsSchema: { $schema: JSON_SCHEMA, ...publishedSchema(type) },
    example: exampleOf(type, namespace),
    eventPattern: eventPatternOf(type, namespace),
  }
}

/** The schema of a whole event, as a document of its own. */
export function jsonSchemaOf(type: EventType, namespace: EventNamespace): object {
  const { name, version } = type
  return {
    $schema: JSON_SCHEMA,
    $id: `urn:belfry:tenancy-event:${namespace.partner}:${name}:${version}`,
    ...eventSchema(type, namespace),
  }
}

/** Whichever account the logging account is, and on any bus that gets these events. */
export function eventPatternOf(type: EventType, { partner }: EventNamespace): object {
  return {
    source: [{ prefix: `aws.partner/${partner}/` }],
    'detail-type': [detailTypeOf(type)],
  }
}
