import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import { INCIDENT_STATES } from '#src/model/notification.ts'
import type { Inhibition, Notification, Silence } from '#src/model/notification.ts'
import { stateShown } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { escalationVerdict, verdictOn } from './verdict.ts'
import type { Verdict } from './verdict.ts'
import { nextTimeOfDay, quietUntil } from './windows.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW = Date.parse('2026-11-26T12:00:00Z')

const severity = fc.constantFrom(...SEVERITIES)
const ago = fc.integer({ min: 0, max: 5 * DAY_MS }).map((ms) => NOW - ms)
const around = fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }).map((ms) => NOW + ms)
const timeOfDay = fc
  .tuple(fc.nat(23), fc.nat(59))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

const notifications = fc.record({
  enabled: fc.boolean(),
  tellResolved: fc.boolean(),
  settleSeconds: fc.constantFrom(0, 30, 3_600),
  updateSeconds: fc.constantFrom(30, 300, 86_400),
  timeZone: fc.constantFrom('UTC', 'Australia/Lord_Howe', 'America/New_York'),
  quietHours: maybe(
    fc.record({
      upTo: severity,
      windows: fc.array(fc.record({ from: timeOfDay, to: timeOfDay }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  ),
  digest: maybe(fc.record({ at: timeOfDay, upTo: severity })),
  repeatHours: maybe(fc.constantFrom(1, 24, 720)),
})

/** Incidents as taking and telling leave them, whatever came before. */
const incidents = fc
  .record({
    state: fc.constantFrom(...INCIDENT_STATES),
    severity,
    alerts: fc.integer({ min: 1, max: 3 }),
    untold: fc.nat(2),
    newsSince: ago,
    toldAt: maybe(ago),
    openedAt: ago,
    snoozedUntil: around,
    endsAt: maybe(around),
  })
  .map(({ untold, snoozedUntil, toldAt, newsSince, openedAt, endsAt, ...given }) => {
    const revision = untold + (toldAt === undefined ? 0 : 1)
    const incident = {
      ...given,
      revision,
      toldRevision: revision - untold,
      openedAt: Math.min(openedAt, toldAt ?? NOW, newsSince),
      changedAt: newsSince,
      ...(untold > 0 && { newsSince }),
      ...(given.state === 'SNOOZED' && { snoozedUntil, snoozedBy: 'somebody' }),
      ...(toldAt !== undefined && { toldAt }),
      ...(endsAt !== undefined && { endsAt }),
    }
    return incident as unknown as StoredIncident
  })

const silences = maybe(
  fc.integer({ min: 1, max: DAY_MS }).map((ms) => ({ endsAt: NOW + ms }) as Silence),
)
const inhibitions = maybe(fc.constant({ name: 'outage' } as Inhibition))

interface Case {
  readonly incident: StoredIncident
  readonly notification: Notification
  readonly silence: Silence | undefined
  readonly inhibition: Inhibition | undefined
  readonly verdict: Verdict
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    incident: incidents,
    notification: notifications.map((given) => given as unknown as Notification),
    silence: silences,
    inhibition: inhibitions,
  })
  .map(({ incident, notification, ...held }) => {
    const verdict = verdictOn(incident, notification, { now: NOW, ...held })
    return { incident, notification, ...held, verdict }
  })

const RUNS = { numRuns: 5_000 }
const always = (law: (one: Case) => void) => fc.assert(fc.property(cases, law), RUNS)
const whenTold = (law: (one: Case) => void) =>
  always((one) => {
    if (one.verdict.kind === 'tell') law(one)
  })
const isWorse = (one: Severity, than: Severity) =>
  SEVERITIES.indexOf(one) > SEVERITIES.indexOf(than)
const hasNews = ({ revision, toldRevision }: StoredIncident) => revision > toldRevision

describe('what is told of an incident', () => {
  it('is nothing in quiet hours, but what is worse than they are for', () => {
    whenTold(({ incident, notification: { quietHours, timeZone } }) => {
      if (quietHours === undefined || isWorse(incident.severity, quietHours.upTo)) return
      expect(quietUntil(quietHours.windows, timeZone, NOW)).toBeUndefined()
    })
  })

  it('is nothing before its alerts are gathered, nor too soon after the last message', () => {
    whenTold(({ incident, notification }) => {
      const { toldAt, openedAt } = incident
      if (toldAt === undefined) {
        expect(NOW).toBeGreaterThanOrEqual(openedAt + notification.settleSeconds * SECOND_MS)
      } else if (hasNews(incident)) {
        expect(NOW).toBeGreaterThanOrEqual(toldAt + notification.updateSeconds * SECOND_MS)
      }
    })
  })

  it('is nothing while it is snoozed, silenced, hidden or switched off', () => {
    whenTold(({ incident, notification, silence, inhibition }) => {
      if (incident.state === 'SNOOZED') {
        expect(NOW).toBeGreaterThanOrEqual(incident.snoozedUntil as number)
      }
      expect([silence, inhibition]).toEqual([undefined, undefined])
      expect(notification.enabled).toBe(true)
    })
  })

  it('is nothing where nothing is new, but the end of a snooze, or a reminder that is due', () => {
    whenTold(({ incident, notification: { repeatHours = Infinity } }) => {
      if (hasNews(incident)) return
      if (incident.state === 'SNOOZED') {
        expect(NOW).toBeGreaterThanOrEqual(incident.snoozedUntil as number)
        expect(incident.toldAt).toBeDefined()
        return
      }
      expect(incident.state).toBe('OPEN')
      expect(NOW).toBeGreaterThanOrEqual((incident.toldAt ?? Infinity) + repeatHours * HOUR_MS)
    })
  })

  it('is its end only where that was asked for, and not of what nobody had heard of', () => {
    whenTold(({ incident, notification }) => {
      if (incident.state !== 'RESOLVED') return
      expect(notification.tellResolved).toBe(true)
      expect(incident.toldAt !== undefined || incident.alerts === 1).toBe(true)
    })
  })

  it('is in a digest from the digest’s time on, and at once when it is worse', () => {
    whenTold(({ incident, notification: { digest, timeZone }, verdict }) => {
      const isKept = digest !== undefined && !isWorse(incident.severity, digest.upTo)
      if (!hasNews(incident)) return
      expect(verdict).toEqual({
        ...{ kind: 'tell', why: expect.any(String) },
        ...(isKept && { inDigest: true }),
      })
      if (!isKept) return
      const due = nextTimeOfDay(digest, timeZone, incident.newsSince as number)
      expect(NOW).toBeGreaterThanOrEqual(due)
    })
  })
})

describe('what waits', () => {
  it('is looked at later, so that nothing spins', () => {
    always(({ verdict }) => {
      if (verdict.kind === 'wait') expect(verdict.until).toBeGreaterThan(NOW)
    })
  })

  it('is told in the end: looked at whenever it says, and held back by nothing but settings', () => {
    const told = fc.property(cases, ({ incident, notification: given }) => {
      const notification = { ...given, enabled: true }
      const covered = { ...given.quietHours, timeZone: given.timeZone }
      fc.pre(hasNews(incident) && incident.state !== 'RESOLVED' && !isQuietForEver(covered))
      let now = NOW
      for (let looks = 0; looks < 200; looks += 1) {
        const held = { silence: undefined, inhibition: undefined }
        const verdict = verdictOn(incident, notification, { now, ...held })
        if (verdict.kind === 'tell') {
          expect(now - NOW).toBeLessThanOrEqual(9 * DAY_MS)
          return
        }
        if (verdict.kind !== 'wait') break
        now = verdict.until
      }
      expect.unreachable()
    })
    fc.assert(told, { numRuns: 2_000 })
  })
})

describe('an escalation', () => {
  it('comes while nobody sees to it, and is held back by what holds back all else', () => {
    always(({ incident, notification: given, silence, inhibition }) => {
      const escalation = { afterMinutes: 30, channelId: 'managers' }
      const notification = { ...given, escalation }
      const verdict = escalationVerdict(incident, notification, { now: NOW, silence, inhibition })
      const { quietHours, timeZone, enabled } = notification
      const isQuiet =
        quietHours !== undefined &&
        !isWorse(incident.severity, quietHours.upTo) &&
        quietUntil(quietHours.windows, timeZone, NOW) !== undefined
      const isHeld = isQuiet || silence !== undefined || inhibition !== undefined
      const isWanted = enabled && incident.state === 'OPEN'
      expect(verdict.kind).toBe(!isWanted ? 'nothing' : isHeld ? 'wait' : 'tell')
      if (verdict.kind === 'wait') expect(verdict.until).toBeGreaterThan(NOW)
    })
  })
})

describe('what somebody does about it', () => {
  it('is shown once: what was shown is not shown again', () => {
    always(({ incident: given, notification, silence, inhibition }) => {
      const incident = { ...given, sent: {}, toldState: stateShown(given) }
      const held = { now: NOW, silence, inhibition }
      expect(verdictOn(incident, notification, held).kind).not.toBe('show')
    })
  })

  it('is shown again where it is put off for another time', () => {
    always(({ incident: given, notification, silence, inhibition }) => {
      const { state, snoozedUntil = 0, ...rest } = given
      if (state !== 'SNOOZED' || snoozedUntil <= NOW || (given.endsAt ?? Infinity) <= NOW) return
      const toldState = stateShown({ state, snoozedUntil: snoozedUntil + 1 })
      const incident = { ...rest, state, snoozedUntil, toldState }
      const verdict = verdictOn(incident, notification, { now: NOW, silence, inhibition })
      expect(verdict.kind).toBe(notification.enabled ? 'show' : 'wait')
    })
  })

  it('is shown at its end wherever it was told, if it is not told', () => {
    always(({ incident: given, notification, silence, inhibition }) => {
      const incident = { ...given, state: 'RESOLVED', sent: {}, toldState: 'OPEN' } as const
      const held = { now: NOW, silence, inhibition }
      const isTold =
        notification.tellResolved &&
        hasNews(given) &&
        (given.toldAt !== undefined || given.alerts === 1)
      if (!isTold) expect(verdictOn(incident, notification, held).kind).toBe('show')
      const quiet = { ...incident, quietEnd: 'nobody need hear' }
      expect(verdictOn(quiet, notification, held).kind).toBe('show')
      const neverTold = { ...quiet, sent: undefined } as unknown as StoredIncident
      expect(verdictOn(neverTold, notification, held).kind).toBe('nothing')
    })
  })

  it('is shown where it was escalated, too, once', () => {
    always(({ incident: given, notification, silence, inhibition }) => {
      const held = { now: NOW, silence, inhibition }
      for (const state of INCIDENT_STATES) {
        const escalated = { channelId: 'managers', sent: {}, state }
        const { kind } = escalationVerdict({ ...given, escalated }, notification, held)
        expect(kind).toBe(state === stateShown(given) ? 'nothing' : 'show')
      }
    })
  })
})

describe('what is over by its time', () => {
  it('ends when all of it is told', () => {
    always(({ incident, verdict }) => {
      const { state, endsAt = Infinity } = incident
      const isToEnd = state !== 'RESOLVED' && endsAt <= NOW && !hasNews(incident)
      expect(verdict.kind === 'end').toBe(isToEnd)
    })
  })
})

function isQuietForEver({
  windows = [],
  timeZone,
}: Partial<NonNullable<Notification['quietHours']>> & { readonly timeZone: string }): boolean {
  const until = quietUntil(windows, timeZone, NOW)
  return until !== undefined && quietUntil(windows, timeZone, until) !== undefined
}
