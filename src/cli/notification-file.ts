import { NewNotification, NotificationDefaults } from '#src/model/notification.ts'
import { UsageFault } from './cli-faults.ts'
import { readDocument } from './document-input.ts'
import type { HubClient } from './hub-client.ts'
import { channelBy, segmentOf, viewBy } from './references.ts'

/** All that a notification's file can say, for help. */
export const NOTIFICATION_FILE = `\
  name: Platform costs
  channel: ops-slack               # its name or id: see "belfry channels"
  alerts:                          # kinds that are not here are not told; {} is all of one
    budgets: { fromPercent: 75, forecasts: false }   # thresholds; forecasts too, if not false
    costSpikes: { minimumIncrease: "50", minimumPercent: 20 }
    compliance: { fromSeverity: HIGH, checkedBy: [securityhub, belfry] }
  scope:                           # not here: everything
    - { view: Teams, segment: Platform }   # without a segment: what is in the view
  enabled: true                    # false: what it hears waits until it is on again
  timeZone: Australia/Sydney       # default: ${NotificationDefaults.timeZone}
  locale: en-AU                    # of numbers, money and days; default: ${NotificationDefaults.locale}
  settleSeconds: 60                # gathered before the first message; default: ${NotificationDefaults.settleSeconds}
  updateSeconds: 600               # between messages of an incident, at least; default: ${NotificationDefaults.updateSeconds}
  quietHours:                      # nothing up to that severity; days: not here: every day
    upTo: HIGH
    windows:                       # to the same time as from: a whole day
      - { days: [MON, TUE, WED, THU, FRI], from: "19:00", to: "08:00" }
      - { days: [SAT, SUN], from: "00:00", to: "00:00" }
  digest: { at: "09:00", days: [MON], upTo: LOW }   # up to that severity, in one message
  ownerTag: owner                  # a tag: each owner gets incidents of its own
  tellOwner: true                  # by e-mail: an owner who is a user, instead of the channel
  tellResolved: true               # also told when it is over
  repeatHours: 24                  # told again until somebody acknowledges
  escalation: { afterMinutes: 60, channel: on-call }   # another channel, if nobody acknowledges`

/**
 * What a file says of a notification, with the ids of what it names: channels, views and their segments.
 * @param what whether it is about the whole, or about what changes
 * @throws UsageFault for keys that there are not, and for a whole that has no channel
 */
export async function readNotificationFile(
  hub: HubClient,
  file: string,
  what: 'whole' | 'change',
): Promise<Readonly<Record<string, unknown>>> {
  const document = await readDocument(file, 'notification')
  refuseUnknown('a notification', document, FILE_KEYS)
  if (what === 'whole' && !('channel' in document) && !('channelId' in document)) {
    throw new UsageFault('the file names no channel: give "channel", one of "belfry channels list"')
  }
  return resolved(hub, document)
}

interface FileKeys {
  readonly named: readonly string[]
  /** What the hub calls what is named, as its own JSON has it. */
  readonly ids: readonly string[]
}

const { organisationId: _, channelId: __, ...OTHERS } = NewNotification.properties
const FILE_KEYS: FileKeys = {
  named: ['channel', ...Object.keys(OTHERS)],
  ids: ['channelId', 'organisationId'],
}
const ESCALATION_KEYS: FileKeys = { named: ['afterMinutes', 'channel'], ids: ['channelId'] }
const SCOPE_KEYS: FileKeys = { named: ['view', 'segment'], ids: ['viewId', 'segmentId'] }

/** In words of the file: the hub would name ids, which nobody writes there. */
function refuseUnknown(what: string, given: object, { named: known, ids }: FileKeys): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key) && !ids.includes(key))
  if (unknown === undefined) return
  throw new UsageFault(`"${unknown}" is unknown: ${what} takes ${known.join(', ')}`)
}

/** With the ids of what is named: channels, views and their segments. */
async function resolved(
  hub: HubClient,
  document: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { channel, scope, escalation, ...rest } = document
  return {
    ...rest,
    ...(channel !== undefined && {
      channelId: (await channelBy(hub, named(channel, 'channel'))).id,
    }),
    ...(scope !== undefined && { scope: await resolvedScope(hub, scope) }),
    ...(escalation !== undefined && { escalation: await resolvedEscalation(hub, escalation) }),
  }
}

/** A name in a file; YAML reads some as numbers. */
function named(value: unknown, noun: string): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new UsageFault(`the ${noun} in the file is not a name`)
}

async function resolvedEscalation(hub: HubClient, escalation: unknown): Promise<unknown> {
  if (typeof escalation !== 'object' || escalation === null) return escalation
  refuseUnknown('"escalation"', escalation, ESCALATION_KEYS)
  const { channel, ...rest } = escalation as { readonly channel?: unknown }
  if (channel === undefined) return escalation
  return { ...rest, channelId: (await channelBy(hub, named(channel, 'channel'))).id }
}

async function resolvedScope(hub: HubClient, scope: unknown): Promise<unknown> {
  if (!Array.isArray(scope)) return scope
  return Promise.all(
    scope.map(async (part: unknown) => {
      if (typeof part !== 'object' || part === null) return part
      refuseUnknown('a part of "scope"', part, SCOPE_KEYS)
      if (!('view' in part)) return part
      const { view: reference, segment, ...rest } = part as { view: unknown; segment?: unknown }
      const view = await viewBy(hub, named(reference, 'view'))
      if (segment === undefined) return { ...rest, viewId: view.id }
      const found = segmentOf(view, named(segment, 'segment'))
      return { ...rest, viewId: view.id, segmentId: found.id }
    }),
  )
}
