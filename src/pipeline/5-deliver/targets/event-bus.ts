import { parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { DeadLetterCode } from '#src/model/delivery.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import { isoSeconds } from '#src/model/event.ts'
import type { Hops, RecordedEvent } from '#src/model/event.ts'
import { withMembers } from '#src/model/json-text.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { TargetKind } from '../dispatcher.ts'
import type { AttemptOutcome } from '../retry-schedule.ts'

export interface EventBusTargetPorts {
  readonly log: EventLog
  readonly clock: Clock
  readonly busExists: (busArn: string) => Promise<boolean>
  /** Why a rule may not put an event on a bus, by the bus's policy as it is now. */
  readonly forwardingRefusal: (forwarding: Forwarding) => Promise<string | undefined>
}

/** An event on its way from the bus of its rule to another bus, or from a schedule to a bus. */
interface Forwarding {
  readonly from: BusAddress
  readonly to: BusAddress
  /** Of the rule or the schedule. */
  readonly ruleArn: string
  readonly roleArn: string | undefined
  readonly source: string
  readonly detailType: string
}

/** Attempts end in a flush of the log, which they share: many at once cost as much as one. */
const ATTEMPTS_PER_TARGET_MAX = 256

/** An event is forwarded once within a region and once across regions. */
const HOPS_MAX = 1

/** A target that is another event bus of this hub: the event is recorded on that bus. */
export function createEventBusTarget(ports: EventBusTargetPorts): TargetKind {
  const { log, clock, busExists, forwardingRefusal } = ports
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const from = parseBusArn(event.busArn)
      const to = parseBusArn(delivery.target.arn)
      if (from === undefined || to === undefined) {
        return refused('INVALID_PARAMETER', `"${delivery.target.arn}" is not an event bus`)
      }
      const { source, detailType } = event
      const { ruleArn, target } = delivery
      const forwarding = { from, to, ruleArn, roleArn: target.roleArn, source, detailType }
      // The hub's own wiring needs nobody's leave.
      const refusal = delivery.managed ? undefined : await forwardingRefusal(forwarding)
      if (refusal !== undefined) return refused('NO_PERMISSIONS', refusal)
      if (!(await busExists(delivery.target.arn))) {
        return refused('NO_RESOURCE', `event bus ${delivery.target.arn} does not exist`)
      }
      const { onlyRules: _, scheduled, ...plain } = event
      // A schedule puts its event, as PutEvents does; there it is one like any other.
      const hops = scheduled === undefined ? nextHops(event.hops, from, to) : event.hops
      if ('kind' in hops) return hops
      const forwarded = { ...plain, busArn: delivery.target.arn, hops, acceptedAt: clock.now() }
      await log.record([from.region === to.region ? forwarded : acrossRegions(forwarded)])
      return { kind: 'success' }
    },
  }
}

function nextHops(hops: Hops, from: BusAddress, to: BusAddress): Hops | AttemptOutcome {
  if (from.region === to.region) {
    return hops.sameRegion < HOPS_MAX
      ? { ...hops, sameRegion: hops.sameRegion + 1 }
      : refused(
          'THIRD_ACCOUNT_HOP_DETECTED',
          'an event can be sent to an event bus target only once within a region',
        )
  }
  return hops.crossRegion < HOPS_MAX
    ? { sameRegion: 0, crossRegion: hops.crossRegion + 1 }
    : refused(
        'THIRD_REGION_HOP_DETECTED',
        'an event can be sent to an event bus of another region only once',
      )
}

/**
 * Across regions an event gets a new id and time; account and region stay the origin's. The id
 * follows from the old one and the bus, so that a repeated attempt makes a duplicate that shows.
 */
function acrossRegions(event: RecordedEvent): RecordedEvent {
  const id = derivedUuid(`${event.id} ${event.busArn}`)
  const json = withMembers(event.json, {
    id: JSON.stringify(id),
    time: JSON.stringify(isoSeconds(event.acceptedAt)),
  })
  return { ...event, id, json }
}

function refused(code: DeadLetterCode, message: string): AttemptOutcome {
  return { kind: 'permanent', error: { code, message } }
}
