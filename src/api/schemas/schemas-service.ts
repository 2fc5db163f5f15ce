import type { Discoverers } from '#src/schemas/discoverers.ts'
import type { ProvidedRegistries } from '#src/schemas/provided-registries.ts'
import type { Registries } from '#src/schemas/registries.ts'
import type { Schemas } from '#src/schemas/schemas.ts'
import type { Tags } from '#src/schemas/documents.ts'
import type { SchemaTags } from '#src/schemas/tags.ts'
import type { RestOperation, RestService } from '../aws-rest/rest-json.ts'
import { NOTHING, structure } from '../eventbridge/operation.ts'
import { required, string } from '../eventbridge/shapes.ts'
import { codeBindingOperations } from './code-binding-operations.ts'
import { discoveryOperations } from './discovery-operations.ts'
import { registryOperations } from './registry-operations.ts'
import { schemaOperations } from './schema-operations.ts'
import { TAGS } from './shapes.ts'

export interface SchemasServicePorts {
  readonly registries: Registries
  readonly schemas: Schemas
  readonly discoverers: Discoverers
  readonly resourceTags: SchemaTags
  readonly provided: ProvidedRegistries
}

/** EventBridge Schemas, version 2019-12-02 of its service model. */
export function createSchemasService(ports: SchemasServicePorts): RestService {
  return {
    signingName: 'schemas',
    errors: {
      ValidationException: ['BadRequestException', 400],
      SerializationException: ['BadRequestException', 400],
      InvalidTokenException: ['BadRequestException', 400],
      ThrottlingException: ['TooManyRequestsException', 429],
      InternalException: ['InternalServerErrorException', 500],
    },
    operations: {
      ...registryOperations(ports.registries),
      ...schemaOperations(ports.schemas, ports.provided),
      ...discoveryOperations(ports.discoverers),
      ...codeBindingOperations(ports.schemas),
      ...tagOperations(ports.resourceTags),
    },
  }
}

interface OfResource {
  readonly ResourceArn: string
}

function tagOperations(resourceTags: SchemaTags): Record<string, RestOperation> {
  const path = '/tags/{ResourceArn}'
  const ofResource = { ResourceArn: required(string({ min: 1, max: 1_600 })) }
  return {
    ListTagsForResource: {
      permission: 'schemas:Read',
      http: ['GET', path],
      input: structure(ofResource),
      run: async (call, { ResourceArn }: OfResource) => ({
        tags: await resourceTags.list(call, ResourceArn),
      }),
    },
    TagResource: {
      permission: 'schemas:Write',
      http: ['POST', path, 204],
      input: structure({ ...ofResource, tags: required(TAGS) }),
      run: async (call, { ResourceArn, tags }: OfResource & { readonly tags: Tags }) => {
        await resourceTags.put(call, ResourceArn, tags)
        return NOTHING
      },
    },
    UntagResource: {
      permission: 'schemas:Write',
      http: ['DELETE', path, 204],
      query: ['tagKeys'],
      input: structure({
        ...ofResource,
        TagKeys: required({ type: 'list', member: string({ min: 1 }), max: 50 }),
      }),
      run: async (call, input: OfResource & { readonly TagKeys: readonly string[] }) => {
        await resourceTags.remove(call, input.ResourceArn, input.TagKeys)
        return NOTHING
      },
    },
  }
}
