import { Type } from 'typebox'

import { AwsOrganizationSettings, GivenAwsOrganization } from '#src/model/aws-organization.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { Id, IdParams, StartedTask, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addDiscoveryRoutes(add: AddRoute, { discovery }: Tenancy): void {
  const url = '/organisations/:id/aws-organization'
  const tag = 'discovery'
  add({
    method: 'GET',
    url,
    tag,
    summary: 'Show how an organisation is kept in step with AWS Organizations',
    permission: 'organisations:Read',
    params: IdParams,
    answer: [200, ref(AwsOrganizationSettings)],
    run: (caller, { params }) => discovery.get(caller, params.id),
  })
  add({
    method: 'PUT',
    url,
    tag,
    summary: 'Keep an organisation in step with AWS Organizations; the first sync begins at once',
    permission: 'organisations:Write',
    params: IdParams,
    body: GivenAwsOrganization,
    answer: [200, ref(AwsOrganizationSettings)],
    run: (caller, { params, body }) => discovery.set(caller, params.id, body),
  })
  add({
    method: 'POST',
    url: '/accounts/discovery',
    tag,
    summary: 'Bring accounts and units in step with AWS Organizations now',
    permission: 'accounts:Write',
    body: Type.Object({ organisationId: Id }),
    answer: [202, StartedTask],
    run: (caller, { body }) => discovery.start(caller, body.organisationId),
  })
}
