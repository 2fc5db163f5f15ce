import { AwsError } from '#src/errors.ts'
import type { Schemas } from '#src/schemas/schemas.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { structure } from '../eventbridge/operation.ts'
import { optional, required, string } from '../eventbridge/shapes.ts'
import { OF_SCHEMA, VERSION } from './shapes.ts'
import type { OfSchema } from './shapes.ts'

interface CodeBindingInput extends OfSchema {
  readonly Language: string
  readonly SchemaVersion?: string
}

const CODE_BINDING =
  '/v1/registries/name/{RegistryName}/schemas/name/{SchemaName}/language/{Language}'

/** The hub generates no code: nobody is to wait for a binding that never comes. */
export function codeBindingOperations(schemas: Schemas): Record<string, RestOperation> {
  const refused = (...http: RestOperation['http']): RestOperation => ({
    permission: http[0] === 'GET' ? 'schemas:Read' : 'schemas:Write',
    http,
    query: ['schemaVersion'],
    input: structure({
      ...OF_SCHEMA,
      Language: required(string({ enum: ['Java8', 'Python36', 'TypeScript3', 'Go1'] })),
      SchemaVersion: optional(VERSION),
    }),
    run: async ({ account, region }, input: CodeBindingInput) => {
      const { RegistryName: registry, SchemaName: schema, Language, SchemaVersion } = input
      await schemas.describe({ account, region, registry, schema }, SchemaVersion)
      if (http[0] === 'GET') {
        throw new AwsError(
          'NotFoundException',
          `Code binding for language ${Language} of schema ${schema} does not exist.`,
          404,
        )
      }
      throw new AwsError(
        'ForbiddenException',
        'Code bindings are not supported by Belfry: export the schema and generate code from it.',
        403,
      )
    },
  })
  return {
    PutCodeBinding: refused('POST', CODE_BINDING),
    DescribeCodeBinding: refused('GET', CODE_BINDING),
    GetCodeBindingSource: refused('GET', `${CODE_BINDING}/source`),
  }
}
