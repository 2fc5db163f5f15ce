/**
 * A JSON Schema whose objects, at every depth, have no members but those that it names. Events may
 * carry fields that a schema does not know, as their publisher may be newer. What is given to the
 * hub to keep may not: a misspelt switch would look like one that was set.
 */
export function closedSchema<T>(schema: T): T {
  return closed(schema) as T
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const parts = Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, closed(part)]),
  )
  const isObject = parts['type'] === 'object' && 'properties' in parts
  return isObject ? { ...parts, additionalProperties: false } : parts
}
