import type { BusAccess } from '#src/buses/bus-access.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { parseConnectionArn } from '#src/model/connection.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import type { TargetKind } from '#src/pipeline/5-deliver/dispatcher.ts'
import { createRateLimits } from '#src/pipeline/5-deliver/rate-limits.ts'
import { createApiDestinationTarget } from '#src/pipeline/5-deliver/targets/api-destination.ts'
import { createAwsTarget, createBusTarget } from '#src/pipeline/5-deliver/targets/aws-resource.ts'
import { createEventBusTarget } from '#src/pipeline/5-deliver/targets/event-bus.ts'
import { createEventFileTarget } from '#src/pipeline/5-deliver/targets/event-file.ts'
import { createHttpEndpoint } from '#src/pipeline/5-deliver/targets/http-endpoint.ts'
import { createNotificationTarget } from '#src/pipeline/5-deliver/targets/notification.ts'
import type { TakeAlert } from '#src/pipeline/5-deliver/targets/notification.ts'
import { parseNotificationTarget } from '#src/notifications/notifications.ts'
import type { ConnectionParts } from '#src/connections/connection-parts.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { WebhookSigner } from '#src/ports/webhook-signer.ts'
import type { TargetPlaces } from './target-places.ts'

interface TargetKindParts {
  readonly log: EventLog
  readonly clock: Clock
  readonly outbound: Outbound
  readonly webhookSigner: WebhookSigner
  readonly access: BusAccess
  readonly places: TargetPlaces
  readonly connecting: ConnectionParts
  readonly take: TakeAlert
  readonly busExists: (busArn: string) => Promise<boolean>
  /** Whether the hub itself has the event buses of an account. */
  readonly hasBusesOf: (account: AccountId) => Promise<boolean>
}

/** Chooses the kind of a target by its ARN or URL. */
export function createTargetKinds(parts: TargetKindParts): (target: Target) => TargetKind {
  const { log, clock, outbound, access, places, connecting, busExists, hasBusesOf } = parts
  const awsResource = createAwsTarget(places.aws)
  const here = createEventBusTarget({
    log,
    clock,
    busExists,
    forwardingRefusal: async (forwarding) => access.forwardingRefusal(forwarding),
  })
  const eventBus = createBusTarget({ here, inAws: places.aws && awsResource, hasBusesOf })
  const file = createEventFileTarget(places.files)
  const httpEndpoint = createHttpEndpoint({ outbound, clock, webhookSigner: parts.webhookSigner })
  const notification = createNotificationTarget(parts.take, parseNotificationTarget)
  const rateLimits = createRateLimits()
  const apiDestination = createApiDestinationTarget({ ...connecting, outbound, clock, rateLimits })
  return ({ arn }) => {
    if (parseBusArn(arn) !== undefined) return eventBus
    if (parseConnectionArn('api-destination', arn) !== undefined) return apiDestination
    if (arn.startsWith('arn:')) return awsResource
    if (parseNotificationTarget(arn) !== undefined) return notification
    return arn.startsWith('file:') ? file : httpEndpoint
  }
}
