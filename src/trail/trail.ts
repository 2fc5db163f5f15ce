import { setTimeout as sleep } from 'node:timers/promises'

import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Observer } from '#src/ports/observer.ts'
import { createConditions } from './conditions.ts'
import { contentOf } from './content.ts'
import { TRAIL_HEADS, headKey } from './documents.ts'
import type { TrailHead } from './documents.ts'
import { elsewhere } from './elsewhere.ts'
import type { TrailElsewhere } from './elsewhere.ts'
import { keepTrail } from './keeper.ts'
import { manifestKey, sha256Of } from './manifest.ts'
import type { PlanPorts } from './plans.ts'
import { readTrail } from './read.ts'
import type { ReadOptions } from './read.ts'
import { neededAfter } from './reach.ts'
import type { TrailPlace } from './settings.ts'
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
  /** How long the organisation's oldest event that is not in an object has waited. */
  readonly lagSeconds: number
  /** Why the trail cannot be written now, or what is wrong with its newest manifest. */
  readonly problem?: string
}

export interface Trail {
  /** The batch of the log up to which the trail needs nothing any more. */
  readTo(): Promise<number>
  /** Writes the trail until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  status(accept: (organisationId: string) => boolean): Promise<readonly TrailStatus[]>
  verify(options: VerifyOptions): Promise<TrailCounts>
  /** The events of a day as JSON texts, in their order. */
  read(options: ReadOptions): AsyncIterable<string>
  /** Other places that the trail was kept in before, or events of a day. */
  elsewhere(organisationId: string, day?: string): Promise<TrailElsewhere | undefined>
}

export interface TrailPorts extends Omit<PlanPorts, 'conditions'> {
  readonly accounts: ManagedAccounts
}

const MS_PER_SECOND = 1_000
const WITHOUT_LOGGING_ACCOUNT =
  'its events wait, in the trail as on its event buses, until it has an account with the role LOGGING'
/** A status does not wait longer for a place that does not answer. */
const HEAD_READ_WITHIN_MS = 5_000

/** The audit trail of tenancy events. */
export function createTrail(ports: TrailPorts): Trail {
  const { state, accounts, clock, settings } = ports
  const conditions = createConditions(ports.observer)
  /** Of the hub itself, and so of all trails. */
  let problem: string | undefined
  const observer: Observer = {
    ...ports.observer,
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
    readTo: () => neededAfter(state),
    run: (signal) => keepTrail({ ...ports, observer, conditions }, signal),
    verify: (options) => verifyTrail(ports, options),
    status: async (accept) => {
      const known = await accounts.organisations()
      const shown = known.filter(({ id }) => accept(id)).map(({ id }) => statusOf(id))
      return Promise.all(shown)
    },
    read: (options) => readTrail(ports, options),
    elsewhere: (organisationId, day) => elsewhere(ports, organisationId, day),
  }

  async function statusOf(organisationId: string): Promise<TrailStatus> {
    const head = await state.get(TRAIL_HEADS, headKey(organisationId, settings.place))
    const place = settings.placeOf(organisationId)
    const condition = conditions.of(organisationId)
    const logging = await accounts.foundationAccount(organisationId, 'LOGGING')
    const wrong =
      (head && (await headProblem(place, head))) ??
      condition.problem ??
      problem ??
      (logging === undefined ? WITHOUT_LOGGING_ACCOUNT : undefined)
    const lagMs = clock.now() - (condition.waitingSince ?? clock.now())
    return {
      organisationId,
      location: place.location,
      format: settings.format,
      sequence: head?.sequence ?? 0,
      objects: head?.objects ?? 0,
      events: head?.events ?? 0,
      ...(head !== undefined && { headSha256: head.sha256, lastWrittenAt: head.writtenAt }),
      lagSeconds: Math.max(0, Math.round(lagMs / MS_PER_SECOND)),
      ...(wrong !== undefined && { problem: wrong }),
    }
  }
}

/** Whether the newest manifest is where it was written: one read, where `verify` reads all. */
async function headProblem(
  { store, location }: TrailPlace,
  { sequence, sha256 }: TrailHead,
): Promise<string | undefined> {
  const key = manifestKey(sequence)
  const late = new AbortController()
  const silence = sleep(HEAD_READ_WITHIN_MS, 'silent' as const, { signal: late.signal })
  try {
    const found = await Promise.race([contentOf(store, key), silence])
    if (found === 'silent') return `"${location}" does not answer`
    if (found !== 'missing' && found !== 'too-large' && sha256Of(found) === sha256) return undefined
    const what = found === 'missing' ? 'is gone' : 'was changed'
    return `the newest manifest, "${key}", ${what}: run "belfry trail verify"`
  } catch (error) {
    return `the newest manifest, "${key}", cannot be read: ${(error as Error).message}`
  } finally {
    late.abort()
  }
}
