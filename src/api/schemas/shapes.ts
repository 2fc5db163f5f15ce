import { SCHEMA_TYPES } from '#src/schemas/schema-document.ts'
import { CONTENT_MAX } from '#src/schemas/learn.ts'
import { TAGS_MAX } from '#src/schemas/tags.ts'
import { optional, required, string, textPattern } from '../eventbridge/shapes.ts'
import type { Shape } from '../eventbridge/shapes.ts'

/** Shapes of the Schemas API, version 2019-12-02. The service's model leaves names open; these are its limits. */

export const REGISTRY_NAME = string({
  min: 1,
  max: 64,
  pattern: textPattern(String.raw`[.\-_A-Za-z0-9@]+`),
})
export const SCHEMA_NAME = string({
  min: 1,
  max: 385,
  pattern: textPattern(String.raw`[.\-_A-Za-z0-9@]+`),
})
export const VERSION = string({ min: 1, max: 10 })
export const DESCRIPTION = string({ max: 256 })
export const CONTENT = string({ min: 1, max: CONTENT_MAX })
export const TYPE = string({ enum: SCHEMA_TYPES })
export const TAGS: Shape = {
  type: 'map',
  key: string({ min: 1, max: 128 }),
  value: string({ max: 256 }),
  max: TAGS_MAX,
}

export const OF_REGISTRY = { RegistryName: required(REGISTRY_NAME) }
export const OF_SCHEMA = { ...OF_REGISTRY, SchemaName: required(SCHEMA_NAME) }

/** Members of the input of every list, and their names in the query. */
export const PAGING = {
  NextToken: optional(string({ min: 1, max: 2_048 })),
  Limit: optional({ type: 'integer', min: 1, max: 100 }),
}
export const PAGING_QUERY = ['nextToken', 'limit']

export interface OfRegistry {
  readonly RegistryName: string
}
export interface OfSchema extends OfRegistry {
  readonly SchemaName: string
}
