import { createRotatingFiles } from '#src/adapters/folder/rotating-files.ts'
import { createBusLogs } from '#src/bus-logs/bus-logs.ts'
import type { BusLogs } from '#src/bus-logs/bus-logs.ts'
import { createLogWriter } from '#src/bus-logs/log-writer.ts'
import { createLogger } from '#src/observe/log.ts'
import { createObservation } from '#src/observe/observer.ts'
import type { Observation, ObservationPorts } from '#src/observe/observer.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { BusLogConfig } from '#src/config/bus-log-config.ts'

interface ObservationConfig {
  readonly logLevel: string
  readonly busLogs: BusLogConfig
}

interface ObservationParts extends Omit<ObservationPorts, 'log'> {
  readonly state: State
}

/** What the hub tells of itself: metrics, the lines of its log, and the logs of event buses. */
export interface OpenedObservation extends Observation {
  /** Writes what the logs of buses wait to write, once the stages are done. */
  close(): Promise<void>
}

export async function openObservation(
  { logLevel, busLogs }: ObservationConfig,
  { state, queue, clock }: ObservationParts,
): Promise<OpenedObservation> {
  const observation = createObservation({ log: createLogger(logLevel), queue, clock })
  const { observer } = observation
  const writer = createLogWriter({
    files: createRotatingFiles(busLogs.folder, busLogs),
    onWritten: (records) => observer.busLogWritten(records),
    onDropped: (records, reason) => observer.busLogDropped(records, reason),
  })
  const logs = await createBusLogs({ state, clock, writer })
  return { ...observation, observer: both(observer, logs), close: () => writer.close() }
}

/** Tells an observer, and the logs of buses what concerns them. */
function both(observer: Observer, logs: BusLogs): Observer {
  return {
    ...observer,
    entryRefused: (...told) => {
      observer.entryRefused(...told)
      logs.entryRefused(...told)
    },
    eventsRouted: (routed) => {
      observer.eventsRouted(routed)
      logs.eventsRouted(routed)
    },
    attemptFinished: (attempt) => {
      observer.attemptFinished(attempt)
      logs.attemptFinished(attempt)
    },
    deliveryExpired: (expired) => {
      observer.deliveryExpired(expired)
      logs.deliveryExpired(expired)
    },
    deliveryHeldUp: (...told) => {
      observer.deliveryHeldUp(...told)
      logs.deliveryHeldUp(...told)
    },
    letterSent: (send) => {
      observer.letterSent(send)
      logs.letterSent(send)
    },
  }
}
