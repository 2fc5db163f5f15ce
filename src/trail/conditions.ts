import type { Observer } from '#src/ports/observer.ts'
import type { TrailEvent } from './trail-event.ts'

/** How an organisation's trail is doing. */
export interface Condition {
  /** When the oldest event was accepted that is in no object yet. */
  readonly waitingSince?: number
  /** What of its work has failed, and has not succeeded since. */
  readonly problem?: string
}

/** What can fail for one organisation alone. */
type Work = 'writing' | 'retention'

/** How each organisation's trail is doing, and all together, which the observer is told. */
export interface Conditions {
  of(organisationId: string): Condition
  /** Events were read that the next flush of all will write. */
  gathered(events: readonly TrailEvent[]): void
  /** No gathered event waits any more: each is in an object or in a backlog. */
  flushed(): void
  fellBehind(organisationId: string, since: number | undefined): void
  caughtUp(organisationId: string): void
  failed(organisationId: string, work: Work, error: unknown): void
  succeeded(organisationId: string, work: Work): void
}

export function createConditions(
  observer: Pick<Observer, 'stageFaulted' | 'trailWaiting'>,
): Conditions {
  const inMemory = new Map<string, number>()
  const inBacklogs = new Map<string, number>()
  const problems = new Map<string, string>()

  const tellOldest = () => {
    const all = [...inMemory.values(), ...inBacklogs.values()]
    observer.trailWaiting(all.length === 0 ? undefined : all.reduce((a, b) => Math.min(a, b)))
  }

  return {
    of: (organisationId) => {
      const waitingSince = inBacklogs.get(organisationId) ?? inMemory.get(organisationId)
      const problem =
        problems.get(`writing ${organisationId}`) ?? problems.get(`retention ${organisationId}`)
      return {
        ...(waitingSince !== undefined && { waitingSince }),
        ...(problem !== undefined && { problem }),
      }
    },
    gathered: (events) => {
      for (const { organisationId, acceptedAt } of events) {
        if (!inMemory.has(organisationId)) inMemory.set(organisationId, acceptedAt)
      }
      tellOldest()
    },
    flushed: () => {
      inMemory.clear()
      tellOldest()
    },
    fellBehind: (organisationId, since) => {
      if (since !== undefined) inBacklogs.set(organisationId, since)
      tellOldest()
    },
    caughtUp: (organisationId) => {
      inBacklogs.delete(organisationId)
      problems.delete(`writing ${organisationId}`)
      tellOldest()
    },
    failed: (organisationId, work, error) => {
      problems.set(
        `${work} ${organisationId}`,
        error instanceof Error ? error.message : String(error),
      )
      observer.stageFaulted('trail', error)
    },
    succeeded: (organisationId, work) => {
      problems.delete(`${work} ${organisationId}`)
    },
  }
}
