import { Type } from 'typebox'
import type { Static } from 'typebox'

import { SERVICE_CONFIGURATIONS } from './service-configuration.ts'
import type { ServiceName } from './service-configuration.ts'
import { Id, Instant } from './tenancy.ts'

export const SERVICE_NAMES = Object.keys(SERVICE_CONFIGURATIONS) as readonly ServiceName[]

export const ServiceStatus = Type.Enum(['ACTIVE', 'INACTIVE', 'CONFIGURING', 'ERROR'])
export type ServiceStatus = Static<typeof ServiceStatus>

/** A service of an organisation: what is wanted of it, and how far that is so. */
export const ServiceState = Type.Object(
  {
    organisationId: Id,
    service: Type.Enum([...SERVICE_NAMES]),
    state: ServiceStatus,
    appliedBy: Type.Enum(['hub', 'others'], {
      description: 'others: whoever applies the configuration in AWS reports the state',
    }),
    configuration: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    version: Type.Integer({ description: 'Counts up with each change; 0: never configured' }),
    configurationVersion: Type.Optional(
      Type.Integer({ description: 'The version that brought the configuration' }),
    ),
    errorCode: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    taskId: Type.Optional(Id),
    modifiedAt: Type.Optional(Instant),
    /** Who made it so. */
    userId: Type.Optional(Id),
    accessKeyId: Type.Optional(Id),
  },
  { $id: 'ServiceState' },
)
export type ServiceState = Static<typeof ServiceState>

/** The service of that name, in whatever case. */
export function serviceNameOf(name: string): ServiceName | undefined {
  return SERVICE_NAMES.find((service) => service === name.toUpperCase())
}
