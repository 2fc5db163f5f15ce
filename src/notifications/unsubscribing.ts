import { RestError } from '#src/errors.ts'
import type { Notification } from '#src/model/notification.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { hasLeft } from './audiences.ts'
import { NOTIFICATIONS } from './documents.ts'

/** Whoever has the link of a letter that was sent to that address. */
export interface LetterReader {
  readonly notificationId: string
  readonly email: string
}

/** A reader and the notification whose letters they are. */
export interface Reading {
  readonly email: string
  readonly notification: Pick<Notification, 'name' | 'number'>
  readonly hasLeft: boolean
}

/** How readers end the letters of a notification, each for one address, and are told again. */
export interface Unsubscribing {
  /** @throws RestError 404 where the notification is not there any more */
  look(reader: LetterReader): Promise<Reading>
  /** Doing it again changes nothing. @throws RestError 404 */
  leave(reader: LetterReader): Promise<Reading>
  /** @throws RestError 404 where there is no such notification, 409 where the address has not left it */
  resubscribe(caller: Principal, notificationId: string, email: string): Promise<Notification>
}

export function createUnsubscribing({
  state,
  actions,
}: {
  readonly state: Pick<State, 'get'>
  readonly actions: Actions
}): Unsubscribing {
  return {
    look: async (reader) => readingOf(await foundByReader(state, reader), reader),
    leave: (reader) =>
      actions.perform(undefined, async ({ transaction, now, tell }) => {
        const { email } = reader
        const before = await foundByReader(transaction, reader)
        if (hasLeft(before, email)) return readingOf(before, reader)
        tell('NotificationUnsubscribeEvent', happeningTo(before, email))
        const after = {
          ...before,
          unsubscribed: [...(before.unsubscribed ?? []), { email, at: now }],
        }
        await NOTIFICATIONS.replace(transaction, before, after)
        return readingOf(after, reader)
      }),
    resubscribe: (caller, notificationId, address) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const before = await NOTIFICATIONS.found(transaction, caller, notificationId)
        const { unsubscribed = [], ...rest } = before
        const [left] = unsubscribed.filter(({ email }) => isSame(email, address))
        tell('NotificationResubscribeEvent', happeningTo(before, left?.email ?? address))
        if (left === undefined) {
          throw new RestError(
            409,
            'notification.not-unsubscribed',
            `"${address}" has not unsubscribed from notification "${before.name}": see "unsubscribed" in GET /notifications/${notificationId}`,
          )
        }
        const others = unsubscribed.filter((each) => each !== left)
        const after = { ...rest, ...(others.length > 0 && { unsubscribed: others }) }
        await NOTIFICATIONS.replace(transaction, before, after)
        return after
      }),
  }
}

async function foundByReader(
  from: Pick<StateTransaction, 'get'>,
  { notificationId }: LetterReader,
): Promise<Notification> {
  const notification = await from.get(NOTIFICATIONS.things, notificationId)
  if (notification !== undefined) return notification
  throw new RestError(
    404,
    'notification.not-found',
    'Its notification is not there any more: nothing more comes of it.',
  )
}

function readingOf(notification: Notification, { email }: LetterReader): Reading {
  return { email, notification, hasLeft: hasLeft(notification, email) }
}

function happeningTo({ id, number, name, organisationId }: Notification, email: string) {
  const of = { notificationId: id, notificationNumber: number, notificationName: name }
  return { organisationId, fields: { ...of, email } }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
