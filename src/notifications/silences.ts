import { InvalidEventPatternError } from '@belfry/event-pattern'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { BudgetAlert, ComplianceAlert, CostSpikeAlert } from '#src/model/alert.ts'
import type { Inhibition, NewInhibition, NewSilence, Silence } from '#src/model/notification.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { isOf, listAccepted, listAll } from '#src/tenancy/documents.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { thingCount } from '#src/tenancy/thing-count.ts'
import { lookAtNow } from './agenda.ts'
import { INHIBITIONS, NOTIFICATIONS, SILENCES } from './documents.ts'
import { alertPattern } from './muting.ts'

type Listed = PageOfCaller & { readonly organisationId?: string | undefined }

/** Alerts that nobody is told of until a silence ends. */
export interface Silences {
  create(caller: Principal, given: Static<typeof NewSilence>): Promise<Silence>
  list(caller: Principal, page: Listed): Promise<Page<Silence>>
  /** Ends it now: what it held back is told. */
  remove(caller: Principal, id: string): Promise<void>
}

/** Alerts that hide others while they last. */
export interface Inhibitions {
  create(caller: Principal, given: Static<typeof NewInhibition>): Promise<Inhibition>
  list(caller: Principal, page: Listed): Promise<Page<Inhibition>>
  remove(caller: Principal, id: string): Promise<void>
}

export interface SilencePorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
}

/** Of an organisation; each is a pattern that all alerts are matched with. */
const SILENCES_PER_ORGANISATION_MAX = 200
const SILENCE_COUNT = thingCount({ noun: 'silence', max: SILENCES_PER_ORGANISATION_MAX })
const SILENCE_DAYS_MAX = 366
const SILENCE_MAX_MS = SILENCE_DAYS_MAX * 24 * 60 * 60_000

export function createSilences({ state, clock, ids, actions }: SilencePorts): Silences {
  return {
    create: async (caller, given) => {
      checkPattern(given.pattern)
      const { organisationId } = given
      const listed = await listAll(state, SILENCES, isOf(organisationId))
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        await organisationOf(transaction, caller, organisationId)
        const { startsAt = now } = given
        refuseEnd({ startsAt, endsAt: given.endsAt }, now)
        const id = ids.timeOrderedUuid(now)
        const silence = { ...given, id, startsAt, createdBy: caller.arn, createdAt: now }
        tell('SilenceCreateEvent', happeningToSilence(silence))
        await forgetEnded(transaction, listed, now)
        await SILENCE_COUNT.add(transaction, organisationId)
        transaction.put(SILENCES, id, silence)
        return silence
      })
    },
    list: (caller, { organisationId, ...page }) =>
      listAccepted(state, SILENCES, {
        ...page,
        accept: (silence) =>
          reaches(caller, silence.organisationId) &&
          (organisationId ?? silence.organisationId) === silence.organisationId,
      }),
    remove: async (caller, id) => {
      const { organisationId } = await actions.perform(caller, async ({ transaction, tell }) => {
        const silence = await transaction.get(SILENCES, id)
        if (silence === undefined || !reaches(caller, silence.organisationId)) {
          throw new RestError(404, 'silence.not-found', `there is no silence "${id}"`)
        }
        tell('SilenceDeleteEvent', happeningToSilence(silence))
        await forget(transaction, silence)
        return silence
      })
      await lookAtAll({ state, clock }, organisationId)
    },
  }
}

export function createInhibitions({ state, clock, ids, actions }: SilencePorts): Inhibitions {
  return {
    create: async (caller, given) => {
      checkPattern(given.source)
      checkPattern(given.target)
      checkFields(given.equal)
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        await INHIBITIONS.reachable(transaction, caller, given.organisationId)
        const inhibition = { ...given, id: ids.timeOrderedUuid(now), createdAt: now }
        tell('InhibitionCreateEvent', happeningToInhibition(inhibition))
        await INHIBITIONS.add(transaction, inhibition)
        return inhibition
      })
    },
    list: (caller, page) => INHIBITIONS.list(state, caller, page),
    remove: async (caller, id) => {
      const { organisationId } = await actions.perform(caller, async ({ transaction, tell }) => {
        const inhibition = await INHIBITIONS.found(transaction, caller, id)
        tell('InhibitionDeleteEvent', happeningToInhibition(inhibition))
        await INHIBITIONS.remove(transaction, inhibition)
        return inhibition
      })
      await lookAtAll({ state, clock }, organisationId)
    },
  }
}

/** What was held back may be told now. */
async function lookAtAll(
  ports: Pick<SilencePorts, 'state' | 'clock'>,
  organisationId: string,
): Promise<void> {
  for (const notification of await NOTIFICATIONS.all(ports.state, organisationId)) {
    await lookAtNow(ports, notification, notification.channelId)
  }
}

const ON_ALERTS: ReadonlySet<string> = new Set(['detail', 'detail-type', '$or'])

/** What alerts have in their detail, beside what all events of the tenancy have. */
const FIELDS: ReadonlySet<string> = new Set(
  [BudgetAlert, CostSpikeAlert, ComplianceAlert].flatMap(({ properties }) =>
    Object.keys(properties),
  ),
)
const OF_ALL_EVENTS = /^(\$or|meta|[a-z]+Event(Version|ID|Time|Source|Type|Name))$/

/** @throws RestError 400 */
function checkFields(fields: readonly string[]): void {
  const unknown = fields.find((field) => !FIELDS.has(field) && !OF_ALL_EVENTS.test(field))
  if (unknown === undefined) return
  throw new RestError(
    400,
    'alert-pattern.unknown-field',
    `alerts have no field "${unknown}": they have ${[...FIELDS].toSorted().join(', ')}`,
  )
}

/** @throws RestError 400 */
function checkPattern(pattern: Silence['pattern']): void {
  const other = Object.keys(pattern).find((field) => !ON_ALERTS.has(field))
  if (other !== undefined || Object.keys(pattern).length === 0) {
    throw new RestError(
      400,
      'alert-pattern.fields',
      `a pattern on alerts asks of "detail" or "detail-type"${other === undefined ? '' : `, not of "${other}"`}: {"detail":{"ruleId":["tagging/owner"]}}`,
    )
  }
  const { detail } = pattern
  if (typeof detail === 'object' && detail !== null) checkFields(Object.keys(detail))
  try {
    alertPattern(pattern)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new RestError(400, 'alert-pattern.invalid', error.message)
  }
}

/** Those of these that are over by themselves, and still there, make room. */
async function forgetEnded(
  transaction: StateTransaction,
  listed: readonly Silence[],
  now: number,
): Promise<void> {
  for (const { id, endsAt } of listed) {
    if (endsAt > now) continue
    const silence = await transaction.get(SILENCES, id)
    if (silence !== undefined) await forget(transaction, silence)
  }
}

async function forget(
  transaction: StateTransaction,
  { id, organisationId }: Silence,
): Promise<void> {
  await SILENCE_COUNT.remove(transaction, organisationId)
  transaction.delete(SILENCES, id)
}

function refuseEnd({ startsAt, endsAt }: Pick<Silence, 'startsAt' | 'endsAt'>, now: number): void {
  if (endsAt > Math.max(now, startsAt) && endsAt <= now + SILENCE_MAX_MS) return
  throw new RestError(
    400,
    'silence.end',
    `a silence ends after it starts, in the future, and within ${SILENCE_DAYS_MAX} days`,
  )
}

function happeningToSilence({ id, organisationId, reason, endsAt }: Silence) {
  const fields = { silenceId: id, reason, endsAt: new Date(endsAt).toISOString() }
  return { organisationId, fields }
}

function happeningToInhibition({ id, organisationId, name }: Inhibition) {
  return { organisationId, fields: { inhibitionId: id, inhibitionName: name } }
}
