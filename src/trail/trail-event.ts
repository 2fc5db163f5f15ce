import { parseBusArn } from '#src/model/arn.ts'
import { NO_HOPS } from '#src/model/event.ts'
import type { AccountId, LogPosition, PositionedEvent, Region } from '#src/model/event.ts'

/**
 * Words of the trail.
 *
 *  trail      all tenancy events of an organisation as objects in a bucket or folder
 *  object     events of one flush that share day and account
 *  manifest   what one flush wrote; each holds the hash of the one before it, which makes the chain
 *  head       the newest manifest of a trail, as the hub's own store remembers it
 *  plan       what the next flush will write, durable before it is begun
 *  backlog    what waits for one organisation alone, since its place could not be written
 */

/** A tenancy event with what the trail sorts it by. */
export interface TrailEvent {
  readonly position: LogPosition
  readonly id: string
  readonly organisationId: string
  /** Where the organisation's own event buses are. */
  readonly loggingAccount: AccountId
  readonly installationRegion: Region
  /** The account that the event is about. */
  readonly account: AccountId
  /** `YYYY-MM-DDThh:mm:ssZ`, of the envelope. */
  readonly time: string
  readonly acceptedAt: number
  /** The whole event: compact JSON text. */
  readonly json: string
}

interface TenancyEnvelope {
  readonly time: string
  readonly detail: {
    readonly awsAccountId?: unknown
    readonly meta?: {
      readonly organization?: { readonly id?: unknown }
      readonly aws?: { readonly accountId?: unknown }
    }
  }
}

/** Only the hub itself makes events of such a source; its partner may have had another name. */
const TENANCY_SOURCE = /^aws\.partner\/[^/]+\/([0-9]{12})\/default$/
const ACCOUNT_ID = /^[0-9]{12}$/
const ORGANISATION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * A tenancy event as it was delivered on the partner event bus of a logging account; undefined for
 * every other event of the log. Whose event it is, the event itself says, so that reading the log
 * again gives the same objects whatever has happened to the organisation since.
 */
export function trailEventOf({ position, event }: PositionedEvent): TrailEvent | undefined {
  const { id, busArn, acceptedAt, source, awaitsEnrichment, hops, json } = event
  const loggingAccount = TENANCY_SOURCE.exec(source)?.[1]
  // A replay sends again what the trail has already.
  if (awaitsEnrichment || event.replayArn !== undefined) return undefined
  if (loggingAccount === undefined) return undefined
  const bus = parseBusArn(busArn)
  if (bus?.name !== source || bus.account !== loggingAccount) return undefined
  // What a rule has sent on is the same event once more.
  const forwarded = hops.sameRegion !== NO_HOPS.sameRegion || hops.crossRegion > 0
  if (forwarded) return undefined
  const { time, detail } = JSON.parse(json) as TenancyEnvelope
  const organisationId = detail.meta?.organization?.id
  if (typeof organisationId !== 'string' || !ORGANISATION_ID.test(organisationId)) return undefined
  const about = [detail.meta?.aws?.accountId, detail.awsAccountId].find(
    (account): account is string => typeof account === 'string' && ACCOUNT_ID.test(account),
  )
  return {
    position,
    id,
    organisationId,
    time,
    acceptedAt,
    json,
    loggingAccount,
    installationRegion: bus.region,
    account: about ?? bus.account,
  }
}

/** The day whose objects hold an event: `YYYY-MM-DD`, in UTC. */
export function dayOf({ time }: Pick<TrailEvent, 'time'>): string {
  return time.slice(0, 'YYYY-MM-DD'.length)
}
