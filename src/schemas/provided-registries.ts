import { notFound } from './faults.ts'

/** A registry that the hub provides: everyone may read it, nobody may change it. */
export interface ProvidedRegistry {
  readonly name: string
  readonly description: string
  /** By name, in order; made when first asked for. */
  readonly schemas: () => ReadonlyMap<string, ProvidedSchema>
}

export interface ProvidedSchema {
  readonly name: string
  readonly description: string
  /** An OpenAPI document. */
  readonly content: string
}

export type ProvidedRegistries = ReadonlyMap<string, ProvidedRegistry>

/** @throws AwsError NotFoundException */
export function providedSchema(
  { name, schemas }: ProvidedRegistry,
  schema: string,
): ProvidedSchema {
  const found = schemas().get(schema)
  if (found !== undefined) return found
  throw noSuchSchema(name, schema)
}

export function noSuchSchema(registry: string, schema: string) {
  return notFound(`Schema with name ${schema} in registry ${registry} does not exist.`)
}
