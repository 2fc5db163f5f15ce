import { CATALOGUE, detailTypeOf, eventSchema } from '#src/model/catalogue/catalogue.ts'
import { partnerSourcePrefix } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { documentOf, schemaNameOf } from '../discovered-document.ts'
import type { SchemaObject } from '../schema-document.ts'
import type { ProvidedRegistry, ProvidedSchema } from '../provided-registries.ts'

/** The catalogue of the tenancy's own events as a registry, such as `stax.events`. */
export function tenancyEvents(namespace: EventNamespace): ProvidedRegistry {
  let made: ReadonlyMap<string, ProvidedSchema> | undefined
  return {
    name: `${namespace.prefix}.events`,
    description: 'Events of the tenancy',
    schemas: () => (made ??= schemasOf(namespace)),
  }
}

function schemasOf(namespace: EventNamespace): ReadonlyMap<string, ProvidedSchema> {
  // The account that follows in the events' source is that of whoever logs.
  const source = partnerSourcePrefix(namespace).replace(/\/$/, '')
  const schemas = CATALOGUE.map((type) => {
    const kind = { source, detailType: detailTypeOf(type) }
    const content = JSON.stringify(documentOf(inOpenApi(eventSchema(type, namespace)), kind))
    return { name: schemaNameOf(kind), description: type.summary, content }
  })
  return new Map(
    schemas.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((schema) => [schema.name, schema]),
  )
}

/** JSON Schema as OpenAPI 3.0 has it, which knows neither `const` nor patterns of names. */
function inOpenApi(schema: object): SchemaObject {
  return JSON.parse(JSON.stringify(schema), (_keyword, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const { const: only, patternProperties, ...rest } = value as Readonly<Record<string, unknown>>
    return {
      ...rest,
      ...(only !== undefined && { enum: [only] }),
      ...(patternProperties !== undefined && {
        additionalProperties: Object.values(patternProperties as object)[0] as unknown,
      }),
    }
  }) as SchemaObject
}
