import type { ServiceName } from '#src/model/service-configuration.ts'
import type { ServiceState } from '#src/model/service-state.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { backwards } from './documents.ts'

/** By organisation and service. */
export const SERVICES = collection<ServiceState>('services')
/** By organisation, service and version counted backwards, so that the newest comes first. */
export const SERVICE_VERSIONS = collection<ServiceState>('service-versions')

const VERSIONS_KEPT = 1_000

export function serviceKey(organisationId: string, service: ServiceName): string {
  return `${organisationId}|${service}`
}

export function versionsPrefix(organisationId: string, service: ServiceName): string {
  return `${serviceKey(organisationId, service)}|`
}

/** Makes a state the service's next version; where it says no other, with a configuration of its own. */
export function putVersion(
  transaction: StateTransaction,
  before: ServiceState,
  after: ServiceState,
): ServiceState {
  const version = before.version + 1
  const next = { configurationVersion: version, ...after, version }
  const { organisationId, service } = next
  const prefix = versionsPrefix(organisationId, service)
  transaction.put(SERVICES, serviceKey(organisationId, service), next)
  transaction.put(SERVICE_VERSIONS, prefix + backwards(next.version), next)
  if (next.version > VERSIONS_KEPT) {
    transaction.delete(SERVICE_VERSIONS, prefix + backwards(next.version - VERSIONS_KEPT))
  }
  return next
}
