import { gunzipSync } from 'node:zlib'

import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Observer } from '#src/ports/observer.ts'
import { TRAIL_HEADS, headKey } from './documents.ts'
import { keepTrail } from './keeper.ts'
import { parseObjectKey } from './manifest.ts'
import { sealedName } from './objects.ts'
import type { PlanPorts } from './plans.ts'
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

export interface TrailFilter {
  readonly organisationId: string
  /** `YYYY-MM-DD` */
  readonly day: string
  readonly account?: string
}

export interface Trail {
  /** Writes the trail until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  status(accept: (organisationId: string) => boolean): Promise<readonly TrailStatus[]>
  verify(options: VerifyOptions): Promise<TrailCounts>
  /** The events of a day as JSON texts, object by object. */
  read(filter: TrailFilter): AsyncIterable<string>
}

export interface TrailPorts extends PlanPorts {
  readonly accounts: ManagedAccounts
}

const MS_PER_SECOND = 1_000
/** Several times what a flush gathers; what unpacks to more was not written by a hub. */
const UNPACKED_BYTES_MAX = 128 * 1024 * 1024

/** The audit trail of tenancy events. */
export function createTrail(ports: TrailPorts): Trail {
  const { state, accounts, clock, settings, sealer } = ports
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
    read: async function* read({ organisationId, day, account }) {
      const { store, location } = settings.placeOf(organisationId)
      const prefix = `events/day=${day}/${account === undefined ? '' : `account=${account}/`}`
      let readable = ''
      for await (const { key } of store.list(prefix)) {
        const name = parseObjectKey(key)
        if (name === undefined) continue
        const events = `${name.account} ${name.position}`
        // In the order of keys, what is kept in both formats comes as NDJSON first.
        if (name.format === 'parquet' && events === readable) continue
        if (name.format === 'parquet') {
          throw new Error(`"${key}" is kept as Parquet only: read it where it is, "${location}"`)
        }
        readable = events
        const stored = await store.get(key)
        if (stored === undefined) continue
        const plain = name.sealed ? sealer.open(sealedName(organisationId, key), stored) : stored
        if (plain === undefined) {
          throw new Error(`"${key}" was not sealed with this hub's master key, or was changed`)
        }
        yield gunzipSync(plain, { maxOutputLength: UNPACKED_BYTES_MAX }).toString()
      }
    },
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
