import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import { SERVICE_NAMES, ServiceState, serviceNameOf } from '#src/model/service-state.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const ServiceParams = Type.Object({
  service: Type.String({
    maxLength: 32,
    description: `One of ${SERVICE_NAMES.join(', ')}, in any case`,
  }),
})
const Query = Type.Object(OfOrganisation)
const EXAMPLES = SERVICE_NAMES.map((service) => SERVICE_CONFIGURATIONS[service].example)
/** Which fields there are depends on the service, so the service's own schema decides. */
const Configuration = Type.Record(Type.String(), Type.Unknown(), {
  description: 'As in the configuration of the service’s event',
  examples: EXAMPLES,
})

export function addServiceRoutes(add: AddRoute, { services }: Tenancy): void {
  const tag = 'services'
  add({
    method: 'GET',
    url: '/services',
    tag,
    summary: 'List the services of an organisation with their configurations',
    permission: 'services:Read',
    query: Query,
    answer: [200, Type.Object({ items: Type.Array(ref(ServiceState)) })],
    run: async (caller, { query }) => ({
      items: await services.list(caller, query.organisationId),
    }),
  })
  add({
    method: 'GET',
    url: '/services/:service',
    tag,
    summary: 'Show a service of an organisation',
    permission: 'services:Read',
    params: ServiceParams,
    query: Query,
    answer: [200, ref(ServiceState)],
    run: (caller, { params, query }) => services.get(caller, addressOf(params, query)),
  })
  addList(add, {
    url: '/services/:service/history',
    tag,
    summary: 'List the versions of a service’s configuration and state, newest first',
    permission: 'services:Read',
    params: ServiceParams,
    filter: OfOrganisation,
    item: ServiceState,
    list: (caller, asked, params) => services.history(caller, addressOf(params, asked), asked),
  })
  add({
    method: 'PUT',
    url: '/services/:service/configuration',
    tag,
    summary: 'Configure a service; where the hub applies it, taskId says how to follow that',
    permission: 'services:Write',
    params: ServiceParams,
    query: Query,
    body: Configuration,
    answer: [202, ref(ServiceState)],
    run: (caller, { params, query, body }) =>
      services.configure(caller, addressOf(params, query), body),
  })
  add({
    method: 'PUT',
    url: '/services/:service/state',
    tag,
    summary: 'Report what became of a configuration, for whoever applies it in AWS',
    permission: 'services:Write',
    params: ServiceParams,
    query: Query,
    body: Type.Object({
      state: Type.Enum(['ACTIVE', 'INACTIVE', 'ERROR']),
      errorCode: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
      message: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
      version: Type.Integer({ minimum: 0, description: 'The version that was applied' }),
    }),
    answer: [200, ref(ServiceState)],
    run: (caller, { params, query, body }) =>
      services.report(caller, addressOf(params, query), body),
  })
}

function addressOf(
  params: { readonly service: string },
  query: { readonly organisationId?: string },
) {
  const service = serviceNameOf(params.service)
  if (service !== undefined) return { service, organisationId: query.organisationId }
  throw new RestError(
    404,
    'service.not-found',
    `there is no service "${params.service}": it is one of ${SERVICE_NAMES.join(', ')}`,
  )
}
