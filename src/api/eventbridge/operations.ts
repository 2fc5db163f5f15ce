import type { Archives } from '#src/archives/archives.ts'
import type { Replays } from '#src/archives/replays.ts'
import type { Permissions } from '#src/buses/permissions.ts'
import type { ApiDestinations } from '#src/connections/api-destinations.ts'
import type { Operations } from './operation.ts'
import { apiDestinationOperations } from './operations/api-destinations.ts'
import { archiveOperations } from './operations/archives.ts'
import { connectionOperations } from './operations/connections.ts'
import type { ConnectionOperationPorts } from './operations/connections.ts'
import { eventBusOperations } from './operations/event-buses.ts'
import type { EventBusOperationPorts } from './operations/event-buses.ts'
import { eventOperations } from './operations/events.ts'
import type { EventOperationPorts } from './operations/events.ts'
import { partnerSourceOperations } from './operations/partner-sources.ts'
import type { PartnerSourceOperationPorts } from './operations/partner-sources.ts'
import { permissionOperations } from './operations/permissions.ts'
import { replayOperations } from './operations/replays.ts'
import { ruleOperations } from './operations/rules.ts'
import type { RuleOperationPorts } from './operations/rules.ts'
import { tagOperations } from './operations/tags.ts'
import type { TagOperationPorts } from './operations/tags.ts'
import { targetOperations } from './operations/targets.ts'
import type { TargetOperationPorts } from './operations/targets.ts'

export interface OperationPorts
  extends
    EventOperationPorts,
    EventBusOperationPorts,
    RuleOperationPorts,
    TargetOperationPorts,
    TagOperationPorts,
    PartnerSourceOperationPorts,
    ConnectionOperationPorts {
  readonly permissions: Permissions
  readonly archives: Archives
  readonly replays: Replays
  readonly apiDestinations: ApiDestinations
}

/** All operations of EventBridge that the hub knows. */
export function createOperations(ports: OperationPorts): Operations {
  return {
    ...eventBusOperations(ports),
    ...permissionOperations(ports.permissions),
    ...tagOperations(ports),
    ...partnerSourceOperations(ports),
    ...ruleOperations(ports),
    ...targetOperations(ports),
    ...eventOperations(ports),
    ...archiveOperations(ports.archives),
    ...replayOperations(ports.replays),
    ...connectionOperations(ports),
    ...apiDestinationOperations(ports.apiDestinations),
  }
}
