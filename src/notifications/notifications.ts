import { isDeepStrictEqual } from 'node:util'

import { keepRule, removeManagedRule } from '#src/buses/managed-wiring.ts'
import { BUSES, busKey } from '#src/buses/documents.ts'
import { RestError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { partnerSource } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { NotificationDefaults } from '#src/model/notification.ts'
import type { NewNotification, Notification, NotificationOptions } from '#src/model/notification.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { isTimeZone } from '#src/schedules/time-zone.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import {
  ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  ORGANISATIONS,
  foundationKey,
  listAll,
} from '#src/tenancy/documents.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { setUse } from '#src/views/view-documents.ts'
import { lookAtNow } from './agenda.ts'
import { addChannelUse, removeChannelUse } from './channels/channel-uses.ts'
import { endIncidentsOf } from './deserted.ts'
import { NOTIFICATIONS } from './documents.ts'
import { notificationPattern } from './notification-pattern.ts'

type Option = keyof typeof NotificationOptions
/** What is given changes; null takes an option away. */
export type NotificationChange = {
  readonly [K in Exclude<keyof NewNotification, Option | 'organisationId'>]?:
    | NewNotification[K]
    | undefined
} & { readonly [K in Option]?: NewNotification[K] | null | undefined }

/** Who is told of which alerts on which channel. */
export interface Notifications {
  /** @throws RestError 400 for what cannot be, 404 for a channel or view that is not there */
  create(caller: Principal, given: NewNotification): Promise<Notification>
  get(caller: Principal, id: string): Promise<Notification>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<Notification>>
  update(caller: Principal, id: string, change: NotificationChange): Promise<Notification>
  /** Its incidents are over: nobody is told of them any more. */
  remove(caller: Principal, id: string): Promise<void>
  /** Puts the rules of all notifications on their buses where they are missing. */
  keepRules(): Promise<void>
}

export interface NotificationPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
  readonly namespace: EventNamespace
  readonly hasChannel: (organisationId: string, channelId: string) => Promise<boolean>
  /** Whether there is a view, and (if given) a segment of it. */
  readonly hasView: (organisationId: string, viewId: string, segmentId?: string) => Promise<boolean>
}

export const MANAGED_BY = 'notifications.belfry'
const TARGET_PREFIX = 'notification:'

/** What a delivery to a notification is for. */
function notificationTarget(id: string): string {
  return TARGET_PREFIX + id
}

/** The notification that a target is, if it is one. */
export function parseNotificationTarget(arn: string): string | undefined {
  return arn.startsWith(TARGET_PREFIX) ? arn.slice(TARGET_PREFIX.length) : undefined
}

export function createNotifications(ports: NotificationPorts): Notifications {
  const { state, ids, actions, namespace } = ports
  return {
    create: async (caller, given) => {
      await check(ports, given.organisationId, given)
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        const { organisationId } = given
        await NOTIFICATIONS.reachable(transaction, caller, organisationId)
        const notification: Notification = {
          enabled: true,
          scope: [],
          tellResolved: false,
          tellOwner: false,
          ...NotificationDefaults,
          ...given,
          id: ids.timeOrderedUuid(now),
          number: await nextNumber(transaction, organisationId, 'notification'),
          createdAt: now,
        }
        refuseOwnerless(notification)
        tell('NotificationCreateEvent', happeningTo(notification))
        await NOTIFICATIONS.add(transaction, notification)
        await setUses(transaction, undefined, notification)
        await keepNotificationRule(transaction, notification, namespace)
        return notification
      })
    },
    get: (caller, id) => NOTIFICATIONS.found(state, caller, id),
    list: (caller, page) => NOTIFICATIONS.list(state, caller, page),
    update: async (caller, id, change) => {
      const { organisationId, channelId } = await NOTIFICATIONS.found(state, caller, id)
      await check(ports, organisationId, change)
      const updated = await actions.perform(caller, async ({ transaction, tell }) => {
        const before = await NOTIFICATIONS.found(transaction, caller, id)
        const after = changed(before, change)
        const names = Object.keys(change).filter((name) => !isSame(before, after, name))
        if (names.length === 0) return before
        refuseOwnerless(after)
        tell('NotificationUpdateEvent', happeningTo(after, { changed: names }))
        await NOTIFICATIONS.replace(transaction, before, after)
        await setUses(transaction, before, after)
        await keepNotificationRule(transaction, after, namespace)
        return after
      })
      await lookAtNow(ports, updated, channelId)
      return updated
    },
    remove: async (caller, id) => {
      const removed = await actions.perform(caller, async ({ transaction, tell }) => {
        const notification = await NOTIFICATIONS.found(transaction, caller, id)
        tell('NotificationDeleteEvent', happeningTo(notification))
        const bus = await busOf(transaction, notification, namespace)
        if (bus !== undefined) await removeManagedRule(transaction, bus, ruleName(notification))
        await NOTIFICATIONS.remove(transaction, notification)
        await setUses(transaction, notification, undefined)
        return notification
      })
      await endIncidentsOf(ports, removed)
    },
    keepRules: async () => {
      for (const { id } of await listAll(state, NOTIFICATIONS.things)) {
        await state.transact(async (transaction) => {
          const current = await transaction.get(NOTIFICATIONS.things, id)
          if (current !== undefined) await keepNotificationRule(transaction, current, namespace)
        })
      }
    },
  }
}

/** Says what a notification needs: its channels, its views and segments must stay. */
async function setUses(
  transaction: StateTransaction,
  before: Notification | undefined,
  after: Notification | undefined,
): Promise<void> {
  for (const channelId of before === undefined ? [] : channelsOf(before)) {
    await removeChannelUse(transaction, channelId, (before as Notification).id)
  }
  for (const { viewId, segmentId } of before?.scope ?? []) {
    await setUse(transaction, viewId, { id: scopeUseId(before as Notification, segmentId) })
  }
  if (after === undefined) return
  const { id, name, scope } = after
  for (const channelId of channelsOf(after)) {
    await addChannelUse(transaction, channelId, { id, name })
  }
  for (const { viewId, segmentId } of scope) {
    const useId = scopeUseId(after, segmentId)
    const use = { kind: 'notification' as const, id: useId, name, segmentId }
    await setUse(transaction, viewId, { id: useId, use })
  }
}

function channelsOf({ channelId, escalation }: Notification): ReadonlySet<string> {
  return new Set([channelId, ...(escalation === undefined ? [] : [escalation.channelId])])
}

function scopeUseId({ id }: Notification, segmentId = 'view'): string {
  return `${id}/${segmentId}`
}

async function keepNotificationRule(
  transaction: StateTransaction,
  notification: Notification,
  namespace: EventNamespace,
): Promise<void> {
  const bus = await busOf(transaction, notification, namespace)
  // An organisation without a logging account has no events either, until it has one.
  if (bus === undefined) return
  await keepRule(transaction, bus, {
    name: ruleName(notification),
    managedBy: MANAGED_BY,
    description: `Tells of alerts: notification ${notification.name}`,
    eventPattern: notificationPattern(notification),
    targets: [{ id: notification.id, arn: notificationTarget(notification.id) }],
  })
}

/** The bus of the tenancy's events, where there is one. */
async function busOf(
  transaction: StateTransaction,
  { organisationId }: Notification,
  namespace: EventNamespace,
): Promise<BusAddress | undefined> {
  const organisation = await transaction.get(ORGANISATIONS, organisationId)
  const key = foundationKey(organisationId, 'LOGGING')
  const accountId = await transaction.get(FOUNDATION_ACCOUNTS, key)
  const account = accountId === undefined ? undefined : await transaction.get(ACCOUNTS, accountId)
  if (organisation === undefined || account === undefined) return undefined
  const bus = {
    account: account.awsAccountId,
    region: organisation.installationRegion,
    name: partnerSource(namespace, account.awsAccountId),
  }
  return (await transaction.get(BUSES, busKey(bus))) === undefined ? undefined : bus
}

function ruleName({ number }: Notification): string {
  return `belfry-notification-${number}`
}

function happeningTo(notification: Notification, more: object = {}) {
  const { id, number, name, organisationId } = notification
  const fields = { notificationId: id, notificationNumber: number, notificationName: name, ...more }
  return { organisationId, fields }
}

function isSame(before: Notification, after: Notification, name: string): boolean {
  return isDeepStrictEqual(before[name as keyof Notification], after[name as keyof Notification])
}

function changed(before: Notification, change: NotificationChange): Notification {
  const after: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete after[name]
    else if (value !== undefined) after[name] = value
  }
  return after as Notification
}

async function check(
  { hasChannel, hasView }: NotificationPorts,
  organisationId: string,
  { alerts, scope = [], channelId, escalation, timeZone, locale }: NotificationChange,
): Promise<void> {
  if (alerts !== undefined && Object.keys(alerts).length === 0) {
    throw refused('no-alerts', 'name at least one kind of alerts: budgets, costSpikes, compliance')
  }
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    throw refused(
      'time-zone',
      `"${timeZone}" is not a time zone of the IANA database, such as Europe/Berlin`,
    )
  }
  if (locale !== undefined && !isLocale(locale)) {
    throw refused('locale', `"${locale}" is not a locale, such as en-AU`)
  }
  for (const id of [channelId, escalation?.channelId]) {
    if (id !== undefined && !(await hasChannel(organisationId, id))) {
      throw new RestError(404, 'channel.not-found', `there is no channel "${id}"`)
    }
  }
  for (const { viewId, segmentId } of scope) {
    if (await hasView(organisationId, viewId, segmentId)) continue
    const segment = segmentId === undefined ? '' : ` with a segment "${segmentId}"`
    throw new RestError(404, 'view.not-found', `there is no view "${viewId}"${segment}`)
  }
}

function refuseOwnerless({ tellOwner, ownerTag }: Notification): void {
  if (!tellOwner || ownerTag !== undefined) return
  throw refused('no-owner-tag', 'tellOwner needs ownerTag: the tag that names the owner')
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

function refused(what: string, message: string): RestError {
  return new RestError(400, `notification.${what}`, message)
}
