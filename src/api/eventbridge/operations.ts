import type { Archives } from '#src/archives/archives.ts'
import type { Replays } from '#src/archives/replays.ts'
import type { EventBuses } from '#src/buses/event-buses.ts'
import type { PutEventsPorts } from '#src/pipeline/1-accept/put-events.ts'
import type { Operations } from './operation.ts'
import { archiveOperations } from './operations/archives.ts'
import { eventBusOperations } from './operations/event-buses.ts'
import { eventOperations } from './operations/events.ts'
import { replayOperations } from './operations/replays.ts'
import { ruleOperations } from './operations/rules.ts'
import { targetOperations } from './operations/targets.ts'
import type { TargetOperationPorts } from './operations/targets.ts'

export interface OperationPorts extends PutEventsPorts, TargetOperationPorts {
  readonly eventBuses: EventBuses
  readonly archives: Archives
  readonly replays: Replays
}

/** All operations of EventBridge that the hub knows. */
export function createOperations(ports: OperationPorts): Operations {
  return {
    ...eventBusOperations(ports.eventBuses),
    ...ruleOperations(ports.rules),
    ...targetOperations(ports),
    ...eventOperations(ports),
    ...archiveOperations(ports.archives),
    ...replayOperations(ports.replays),
  }
}
