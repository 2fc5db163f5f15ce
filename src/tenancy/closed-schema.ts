import { Type } from 'typebox'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Validator } from 'typebox/compile'

import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'

/**
 * Events may carry fields that a schema does not know, as their publisher may be newer. What is
 * given to the hub to keep may not: a misspelt switch would look like one that was set.
 */
function closedSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closedSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, closedSchema(part)]),
  )
  const isObject = closed['type'] === 'object' && 'properties' in closed
  return isObject ? { ...closed, additionalProperties: false } : closed
}

const validators = new Map<ServiceName, Validator>()

export function validatorOf(service: ServiceName): Validator {
  const known = validators.get(service)
  if (known !== undefined) return known
  const schema = closedSchema(SERVICE_CONFIGURATIONS[service].schema) as TSchema
  const validator = Compile(Type.Unsafe(schema))
  validators.set(service, validator)
  return validator
}
