import { Type } from 'typebox'

import type { Exceptions } from '#src/compliance/exceptions.ts'
import {
  ComplianceException,
  ExceptionReason,
  ExceptionScope,
} from '#src/model/compliance-exception.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, Instant, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addComplianceExceptionRoutes(add: AddRoute, exceptions: Exceptions): void {
  const tag = 'compliance'
  add({
    method: 'POST',
    url: '/compliance/exceptions',
    tag,
    summary: 'Do not tell failures that fit everything in the scope, until a time',
    permission: 'compliance:Write',
    body: Type.Object({
      organisationId: Type.Optional(Id),
      scope: ExceptionScope,
      reason: ExceptionReason,
      until: { ...Instant, description: 'Epoch milliseconds, within two years' },
    }),
    answer: [201, ref(ComplianceException)],
    run: (caller, { body }) => exceptions.create(caller, body),
  })
  addList(add, {
    url: '/compliance/exceptions',
    tag,
    summary: 'List the exceptions that are not over',
    permission: 'compliance:Read',
    filter: OfOrganisation,
    item: ComplianceException,
    list: (caller, asked) => exceptions.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/compliance/exceptions/:id',
    tag,
    summary: 'Show an exception',
    permission: 'compliance:Read',
    params: IdParams,
    answer: [200, ref(ComplianceException)],
    run: (caller, { params }) => exceptions.get(caller, params.id),
  })
  add({
    method: 'DELETE',
    url: '/compliance/exceptions/:id',
    tag,
    summary: 'End an exception before its time: what it held back and still fails is told',
    permission: 'compliance:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => exceptions.remove(caller, params.id),
  })
}
