import { SERVICE_EVENTS } from '#src/model/catalogue/service-configuration.ts'
import type { Principal } from '#src/model/principal.ts'
import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'
import type { ServiceState } from '#src/model/service-state.ts'
import type { Organisation } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { SERVICES, serviceKey } from './service-documents.ts'

/** Tells of a service as it is now; one in error has failed. */
export function tellOf(step: Step, service: ServiceState): void {
  const { state, configuration, errorCode, message, organisationId } = service
  step.tell(SERVICE_EVENTS[service.service], {
    organisationId,
    fields: {
      state,
      status: state === 'ERROR' ? 'FAILED' : 'SUCCESS',
      ...(configuration !== undefined && { configuration }),
      ...(errorCode !== undefined && { errorCode }),
      ...(message !== undefined && { message }),
    },
  })
}

/** Who changed a service, and when. */
export function modifiedBy({ userId, accessKeyId }: Principal, modifiedAt: number) {
  return {
    modifiedAt,
    ...(userId !== undefined && { userId }),
    ...(accessKeyId !== undefined && { accessKeyId }),
  }
}

/** A service as it is; the regions' configuration is what the organisation has. */
export async function serviceOf(
  transaction: Pick<StateTransaction, 'get'>,
  organisation: Organisation,
  service: ServiceName,
): Promise<ServiceState> {
  const stored = await transaction.get(SERVICES, serviceKey(organisation.id, service))
  const known = stored ?? { ...neverConfigured(organisation, service), state: 'INACTIVE' as const }
  if (service !== 'REGIONS' || known.state === 'CONFIGURING') return known
  const { Disabled = [] } = (known.configuration ?? {}) as { readonly Disabled?: string[] }
  const disabled = Disabled.filter((region) => !organisation.regions.includes(region))
  const configuration = { Enabled: organisation.regions, Disabled: disabled }
  return { ...known, state: known.state === 'ERROR' ? 'ERROR' : 'ACTIVE', configuration }
}

/** What is so of a service before anything is said about it. */
export function neverConfigured({ id }: Organisation, service: ServiceName) {
  const { appliedBy } = SERVICE_CONFIGURATIONS[service]
  return { organisationId: id, service, appliedBy, version: 0 }
}
