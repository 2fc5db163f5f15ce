import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Observer } from '#src/ports/observer.ts'
import { TRAIL_HEADS, headKey } from './documents.ts'
import { keepTrail } from './keeper.ts'
import type { PlanPorts } from './plans.ts'
import { readTrail } from './read.ts'
import type { ReadOptions } from './read.ts'
import { verifyTrail } from './verify.ts'
import type { TrailCounts, VerifyOptions } from './verify.ts'

/** How an organisation's trail is. */
export interface TrailStatus {
  readonly organisationId: string
  readonly location: string
  readonly format: string
  /** Manifests in the chain; 0 before the first event. */
  readonly sequence: number
  readonly headSha256?: string
  readonly objects: number
  readonly events: number
  readonly lastWrittenAt?: number
  /** How long the oldest event that is not in an object has waited. */
  readonly lagSeconds: number
  /** Why the trail cannot be written now. */
  readonly problem?: string
}

export interface Trail {
  /** Writes the trail until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  status(accept: (organisationId: string) => boolean): Promise<readonly TrailStatus[]>
  verify(options: VerifyOptions): Promise<TrailCounts>
  /** The events of a day as JSON texts, object by object. */
  read(options: ReadOptions): AsyncIterable<string>
}

export interface TrailPorts extends PlanPorts {
  readonly accounts: ManagedAccounts
}

const MS_PER_SECOND = 1_000

/** The audit trail of tenancy events. */
export function createTrail(ports: TrailPorts): Trail {
  const { state, accounts, clock, settings } = ports
  let waitingSince: number | undefined
  let problem: string | undefined
  const observer: Observer = {
    ...ports.observer,
    trailWaiting: (since) => {
      waitingSince = since
      ports.observer.trailWaiting(since)
    },
    trailWritten: (objects, events) => {
      problem = undefined
      ports.observer.trailWritten(objects, events)
    },
    stageFaulted: (stage, error) => {
      problem = error instanceof Error ? error.message : String(error)
      ports.observer.stageFaulted(stage, error)
    },
  }

  return {
    run: (signal) => keepTrail({ ...ports, observer }, signal),
    verify: (options) => verifyTrail(ports, options),
    status: async (accept) => {
      const known = await accounts.organisations()
      const shown = known.filter(({ id }) => accept(id)).map(({ id }) => statusOf(id))
      return Promise.all(shown)
    },
    read: (options) => readTrail(ports, options),
  }

  async function statusOf(organisationId: string): Promise<TrailStatus> {
    const head = await state.get(TRAIL_HEADS, headKey(organisationId, settings.place))
    const lagMs = waitingSince === undefined ? 0 : clock.now() - waitingSince
    return {
      organisationId,
      location: settings.placeOf(organisationId).location,
      format: settings.format,
      sequence: head?.sequence ?? 0,
      objects: head?.objects ?? 0,
      events: head?.events ?? 0,
      ...(head !== undefined && { headSha256: head.sha256, lastWrittenAt: head.writtenAt }),
      lagSeconds: Math.max(0, Math.round(lagMs / MS_PER_SECOND)),
      ...(problem !== undefined && { problem }),
    }
  }
}
