import { Type } from 'typebox'

import { IngestKey, TokenName } from '#src/model/tenancy.ts'
import type { IngestKeys } from '#src/tenancy/ingest-keys.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, OfOrganisation } from './route.ts'
import type { AddRoute } from './route.ts'

export function addIngestKeyRoutes(add: AddRoute, ingestKeys: IngestKeys): void {
  const tag = 'ingest-keys'
  add({
    method: 'POST',
    url: '/ingest-keys',
    tag,
    summary: 'Create a key for POST /ingest/aws; it is shown once',
    permission: 'ingest-keys:Write',
    body: Type.Object({ organisationId: Id, name: TokenName }),
    answer: [201, Type.Object({ ...IngestKey.properties, key: Type.String() })],
    run: (caller, { body }) => ingestKeys.create(caller, body),
  })
  addList(add, {
    url: '/ingest-keys',
    tag,
    summary: 'List ingest keys',
    permission: 'ingest-keys:Read',
    filter: OfOrganisation,
    item: IngestKey,
    list: (caller, asked) => ingestKeys.list(caller, asked),
  })
  add({
    method: 'DELETE',
    url: '/ingest-keys/:id',
    tag,
    summary: 'Delete an ingest key',
    permission: 'ingest-keys:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => ingestKeys.remove(caller, params.id),
  })
}
