import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import type { NewSilence, Silence } from '#src/model/notification.ts'
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
import { lookAtAllNow } from './agenda.ts'
import { checkAlertPattern } from './alert-pattern.ts'
import { SILENCES } from './documents.ts'

type Listed = PageOfCaller & { readonly organisationId?: string | undefined }

/** Alerts that nobody is told of until a silence ends. */
export interface Silences {
  create(caller: Principal, given: Static<typeof NewSilence>): Promise<Silence>
  list(caller: Principal, page: Listed): Promise<Page<Silence>>
  /** Ends it now: what it held back is told. */
  remove(caller: Principal, id: string): Promise<void>
}

interface SilencePorts {
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
      checkAlertPattern(given.pattern)
      const { organisationId } = given
      const listed = await listAll(state, SILENCES, isOf(organisationId))
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        await organisationOf(transaction, caller, organisationId)
        const { startsAt = now } = given
        refuseEnd({ startsAt, endsAt: given.endsAt }, now)
        const id = ids.timeOrderedUuid(now)
        const silence = { ...given, id, startsAt, createdBy: caller.arn, createdAt: now }
        tell('SilenceCreateEvent', happeningToSilence(silence))
        const known = await forgetEnded(transaction, listed, now)
        await SILENCE_COUNT.add(transaction, organisationId, known)
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
      await lookAtAllNow({ state, clock }, organisationId)
    },
  }
}

/** Those of these that are over by themselves make room. Answers how many of the others are still there. */
async function forgetEnded(
  transaction: StateTransaction,
  listed: readonly Silence[],
  now: number,
): Promise<number> {
  let left = 0
  for (const { id, endsAt } of listed) {
    const silence = await transaction.get(SILENCES, id)
    if (silence === undefined) continue
    if (endsAt > now) left += 1
    else await forget(transaction, silence)
  }
  return left
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
