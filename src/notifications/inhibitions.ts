import type { Static } from 'typebox'

import type { Inhibition, NewInhibition } from '#src/model/notification.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import { collection } from '#src/ports/state.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { lookAtAllNow } from './agenda.ts'
import { checkAlertFields, checkAlertPattern } from './alert-pattern.ts'
import { INHIBITIONS } from './documents.ts'
import { forgetHiding, lookBack } from './hiding.ts'
import type { Taking } from './taking.ts'

/** Alerts that hide others while they last. */
export interface Inhibitions {
  /** Hides behind what is so already, too. */
  create(caller: Principal, given: Static<typeof NewInhibition>): Promise<Inhibition>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<Inhibition>>
  /** What it hid is told. */
  remove(caller: Principal, id: string): Promise<void>
  /** Goes on with what a stop of the hub has cut off. */
  finish(): Promise<void>
}

interface InhibitionPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
  readonly taking: Pick<Taking, 'settled'>
}

/** By id: those that have yet to be held against what was told before. */
const TO_LOOK_BACK = collection<true>('inhibitions-to-look-back')

export function createInhibitions({
  state,
  clock,
  ids,
  actions,
  taking,
}: InhibitionPorts): Inhibitions {
  const lookBackWith = async (inhibition: Inhibition) => {
    // Alerts that are being taken know nothing of it.
    await taking.settled()
    await lookBack({ state, clock }, inhibition)
    await state.transact(async (transaction) => transaction.delete(TO_LOOK_BACK, inhibition.id))
  }
  return {
    create: async (caller, given) => {
      checkAlertPattern(given.source)
      checkAlertPattern(given.target)
      checkAlertFields(given.equal)
      const made = await actions.perform(caller, async ({ transaction, now, tell }) => {
        await INHIBITIONS.reachable(transaction, caller, given.organisationId)
        const inhibition = { ...given, id: ids.timeOrderedUuid(now), createdAt: now }
        tell('InhibitionCreateEvent', happeningTo(inhibition))
        await INHIBITIONS.add(transaction, inhibition)
        transaction.put(TO_LOOK_BACK, inhibition.id, true)
        return inhibition
      })
      await lookBackWith(made)
      return made
    },
    list: (caller, page) => INHIBITIONS.list(state, caller, page),
    remove: async (caller, id) => {
      const removed = await actions.perform(caller, async ({ transaction, tell }) => {
        const inhibition = await INHIBITIONS.found(transaction, caller, id)
        tell('InhibitionDeleteEvent', happeningTo(inhibition))
        await INHIBITIONS.remove(transaction, inhibition)
        return inhibition
      })
      await lookAtAllNow({ state, clock }, removed.organisationId)
      await forgetHiding(state, removed)
    },
    finish: async () => {
      for (const { key: id } of await state.list(TO_LOOK_BACK, {
        limit: Number.MAX_SAFE_INTEGER,
      })) {
        const inhibition = await state.get(INHIBITIONS.things, id)
        if (inhibition !== undefined) await lookBackWith(inhibition)
        else await state.transact(async (transaction) => transaction.delete(TO_LOOK_BACK, id))
      }
    },
  }
}

function happeningTo({ id, organisationId, name }: Inhibition) {
  return { organisationId, fields: { inhibitionId: id, inhibitionName: name } }
}
