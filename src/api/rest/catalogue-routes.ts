import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { CATALOGUE, eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import {
  CatalogueEntry,
  WholeCatalogueEntry,
  catalogueEntry,
  wholeCatalogueEntry,
} from '#src/model/catalogue/catalogue-entry.ts'
import { noSuchEvent } from '#src/model/catalogue/near-names.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { catalogueTypes } from '../catalogue-types.ts'
import { ref } from './route.ts'
import type { AddRoute } from './route.ts'

export const CATALOGUE_SCHEMAS = [CatalogueEntry, WholeCatalogueEntry]

export function addCatalogueRoutes(add: AddRoute, namespace: EventNamespace): void {
  const tag = 'catalogue'
  const permission = 'catalogue:Read'
  add({
    method: 'GET',
    url: '/catalogue',
    tag,
    summary: 'List the types of tenancy events',
    permission,
    answer: [200, Type.Object({ items: Type.Array(ref(CatalogueEntry)) })],
    run: async () => ({ items: CATALOGUE.map(catalogueEntry) }),
  })
  add({
    method: 'GET',
    url: '/catalogue/types.ts',
    tag,
    summary: 'TypeScript types of all tenancy events',
    permission,
    answer: [
      200,
      Type.Unsafe({
        description: 'A module',
        content: { 'text/plain': { schema: Type.String() } },
      }),
    ],
    run: async () => catalogueTypes(namespace),
  })
  add({
    method: 'GET',
    url: '/catalogue/:name',
    tag,
    summary: 'Show a type of tenancy event: JSON Schema, example, and what causes it',
    permission,
    params: Type.Object({ name: Type.String({ maxLength: 128 }) }),
    answer: [200, ref(WholeCatalogueEntry)],
    run: async (_caller, { params: { name } }) => {
      const type = eventTypeOf(name)
      if (type !== undefined) return wholeCatalogueEntry(type, namespace)
      throw new RestError(404, 'catalogue.not-found', noSuchEvent(name))
    },
  })
}
