import type { Command } from 'commander'

import type { Channel } from '#src/model/channel.ts'
import type { LedgerEntry, Notification } from '#src/model/notification.ts'
import { LEDGER_OUTCOMES } from '#src/model/notification.ts'
import { action, givenOnly, oneOf, wholeNumber } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import { readJsonObject } from './json-input.ts'
import { NOTIFICATION_FILE, readNotificationFile } from './notification-file.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { channelBy, incidentBy, notificationBy, organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'
import { OUTCOME_STYLES } from './traced-delivery.ts'

const REFERENCE = 'its name, number or id'
const FILE = 'YAML or JSON, or - for standard input'

export function addNotifications(program: Command): void {
  const notifications = program
    .command('notifications')
    .description(
      'list, show, create, update, delete who is told of alerts, ask who would hear, resubscribe readers',
    )
    .addHelpText(
      'after',
      `
A notification says which alerts are told on which channel. Only name, channel and alerts must be
given; what is not told at once waits, and the ledger says why. All that a file can say:

${NOTIFICATION_FILE}

  belfry notifications create --file platform.yaml
  belfry notifications hearers --event alert.json
  belfry notifications ledger --outcome HELD`,
    )

  addListCommand<Notification>(notifications, {
    path: '/notifications',
    description: 'list notifications',
    none: 'no notifications: make one with "belfry notifications create"',
    columns: COLUMNS,
    lastColumns: [ID_COLUMN],
  })

  notifications
    .command('show')
    .description('show a notification')
    .argument('<notification>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const notification = await notificationBy(hub, reference)
        const names = await namesOf(hub)
        await output.show(notification, () => shown(notification, names))
      }),
    )

  addWriting(notifications)
  addResubscribing(notifications)
  addAsking(notifications)
}

function addWriting(notifications: Command): void {
  notifications
    .command('create')
    .description('tell people of alerts, as a file says: see "belfry notifications --help"')
    .requiredOption('--file <file>', FILE)
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<{ file: string; organisation?: string }>(async ({ hub, output, options }) => {
        const given = await readNotificationFile(hub, options.file, 'whole')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const made = await hub.post<Notification>('/notifications', { organisationId, ...given })
        const names = await namesOf(hub)
        await output.show(made, () => shown(made, names))
      }),
    )

  notifications
    .command('update')
    .description('change what a file names of a notification; null takes an option away')
    .argument('<notification>', REFERENCE)
    .option('--file <file>', FILE)
    .option('--on', 'switch it on')
    .option('--off', 'switch it off: what it hears meanwhile is told when it is on again')
    .action(
      action<{ file?: string; on?: true; off?: true }>(
        async ({ hub, output, options }, reference: string) => {
          const { file, on, off } = options
          if (on && off) throw new UsageFault('--on and --off at once')
          const given = file === undefined ? {} : await readNotificationFile(hub, file, 'change')
          const enabled = on ? true : off ? false : undefined
          const change = { ...given, ...givenOnly({ enabled }) }
          if (Object.keys(change).length === 0) {
            throw new UsageFault('nothing to change: give --file, --on or --off')
          }
          const { id } = await notificationBy(hub, reference)
          const updated = await hub.patch<Notification>(`/notifications/${id}`, change)
          const names = await namesOf(hub)
          await output.show(updated, () => shown(updated, names))
        },
      ),
    )

  notifications
    .command('delete')
    .description('delete a notification: what it has not told yet is not told')
    .argument('<notification>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await notificationBy(hub, reference)
        await hub.delete(`/notifications/${id}`)
        await output.show({ deleted: id }, () => `deleted the notification "${name}"`)
      }),
    )
}

function addResubscribing(notifications: Command): void {
  notifications
    .command('resubscribe')
    .description('tell a reader again who has unsubscribed by the link of a mail')
    .argument('<notification>', REFERENCE)
    .argument('<address>', 'as "belfry notifications show" has it')
    .action(
      action(async ({ hub, output }, reference: string, email: string) => {
        const { id } = await notificationBy(hub, reference)
        const path = `/notifications/${id}/resubscribe`
        const updated = await hub.post<Notification>(path, { email })
        await output.show(updated, () => `${email} is told of "${updated.name}" again`)
      }),
    )
}

interface Hearing {
  readonly notificationName: string
  readonly hears: boolean
  readonly to?: readonly string[]
  readonly at?: number
  readonly why: string
}

interface LedgerOptions {
  readonly organisation?: string
  readonly notification?: string
  readonly channel?: string
  readonly incident?: string
  readonly outcome?: string
  readonly limit: number
}

const LEDGER_LIMIT_DEFAULT = 50

function addAsking(notifications: Command): void {
  notifications
    .command('hearers')
    .description('who would hear of an alert now, and why not; nothing is sent')
    .requiredOption(
      '--event <event>',
      'the whole event of the alert, or a line of "belfry tail --json": JSON, a file, or -',
    )
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<{ event: string; organisation?: string }>(async ({ hub, output, options }) => {
        const event = await readJsonObject(options.event, 'event')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { items } = await hub.post<{ items: readonly Hearing[] }>('/notifications/hearers', {
          organisationId,
          event,
        })
        await output.show(items, () =>
          items.length === 0
            ? 'there are no notifications'
            : table(items, HEARING_COLUMNS, output.width),
        )
      }),
    )

  notifications
    .command('ledger')
    .description('what was sent to whom, and what was held back and why, the newest first')
    .option('--organisation <organisation>', 'whose: id or alias')
    .option('--notification <notification>', `only of this one: ${REFERENCE}`)
    .option('--channel <channel>', 'only on this one: its name or id')
    .option('--incident <incident>', 'only of this one: its number or id')
    .option(
      '--outcome <outcome>',
      `only these: ${LEDGER_OUTCOMES.join(', ')}`,
      oneOf(LEDGER_OUTCOMES),
    )
    .option('--limit <number>', 'how many at most', wholeNumber(1), LEDGER_LIMIT_DEFAULT)
    .action(
      action<LedgerOptions>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { notification, channel, incident, outcome, limit } = options
        const asked = givenOnly({
          organisationId,
          notificationId: notification && (await notificationBy(hub, notification)).id,
          channelId: channel && (await channelBy(hub, channel)).id,
          incidentId: incident && (await incidentBy(hub, organisationId, incident)).id,
          outcome,
        })
        const path = '/notification-ledger'
        const { items, more } = await hub.listFirst<LedgerEntry>(path, asked, limit)
        const names = await namesOf(hub)
        await output.show(items, () =>
          items.length === 0
            ? 'nothing was sent or held back yet'
            : table(items, ledgerColumns(names), output.width),
        )
        if (more) output.note(`there are more: --limit ${limit * 10}`)
      }),
    )
}

async function namesOf(hub: HubClient): Promise<ReadonlyMap<string, string>> {
  const all = [
    ...(await hub.listAll<Notification>('/notifications')),
    ...(await hub.listAll<Channel>('/channels')),
  ]
  return new Map(all.map(({ id, name }) => [id, name]))
}

function shown(notification: Notification, names: ReadonlyMap<string, string>): string {
  const { scope, quietHours, digest, escalation, repeatHours } = notification
  const windows = quietHours?.windows.map(({ days, from, to }) => {
    const hours = from === to ? `the whole day from ${from}` : `${from} to ${to}`
    return hours + onDays(days)
  })
  return fields(
    {
      name: notification.name,
      number: String(notification.number),
      state: notification.enabled ? 'on' : 'off',
      channel: names.get(notification.channelId) ?? notification.channelId,
      alerts: Object.entries(notification.alerts).map(([kind, settings]) => {
        const text = JSON.stringify(settings)
        return text === '{}' ? kind : `${kind} ${text}`
      }),
      scope:
        scope.length === 0
          ? 'everything'
          : scope.map(
              ({ viewId, segmentId }) =>
                `view ${viewId}${segmentId ? `, segment ${segmentId}` : ''}`,
            ),
      'told when it is over': notification.tellResolved ? 'yes' : 'no',
      'time zone': `${notification.timeZone} (${notification.locale})`,
      gathered: `${notification.settleSeconds} s, then at most every ${notification.updateSeconds} s`,
      'owner tag':
        notification.ownerTag && notification.tellOwner
          ? `${notification.ownerTag}, whose user is told by e-mail`
          : notification.ownerTag,
      'quiet hours': windows && `${windows.join('; ')}, up to ${quietHours?.upTo}`,
      digest: digest && `at ${digest.at}${onDays(digest.days)}, up to ${digest.upTo}`,
      repeated: repeatHours === undefined ? undefined : `every ${repeatHours} h`,
      escalation:
        escalation &&
        `after ${escalation.afterMinutes} min on ${names.get(escalation.channelId) ?? escalation.channelId}`,
      unsubscribed: notification.unsubscribed?.map(
        ({ email, at }) => `${email}, since ${localMoment(at)}`,
      ),
      created: localMoment(notification.createdAt),
      id: notification.id,
    },
    { name: 'cyan' },
  )
}

function onDays(days: readonly string[] | undefined): string {
  return days === undefined ? '' : ` on ${days.join(', ')}`
}

const COLUMNS: readonly Column<Notification>[] = [
  { title: 'NO', text: ({ number }) => String(number), align: 'right' },
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'ALERTS', text: ({ alerts }) => Object.keys(alerts).join(', ') },
  {
    title: 'SCOPE',
    text: ({ scope }) => (scope.length === 0 ? 'everything' : `${scope.length} of views`),
    optional: true,
  },
  { title: 'STATE', text: ({ enabled }) => (enabled ? 'on' : 'off') },
]
const ID_COLUMN: Column<Notification> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

const HEARING_COLUMNS: readonly Column<Hearing>[] = [
  {
    title: 'HEARS',
    text: ({ hears }) => (hears ? 'yes' : 'no'),
    style: ({ hears }) => (hears ? 'green' : 'dim'),
  },
  { title: 'NOTIFICATION', text: ({ notificationName }) => notificationName, style: () => 'cyan' },
  { title: 'TO', text: ({ to }) => whom(to) },
  { title: 'WHEN', text: ({ at }) => (at === undefined ? '' : localMoment(at)) },
  { title: 'WHY', text: ({ why }) => why, wraps: true },
]

const WHOM_SHOWN_MAX = 3

/** As many as a line has room for, and how many more: JSON has all. */
function whom(to: readonly string[] = []): string {
  const more = to.length - WHOM_SHOWN_MAX
  const first = to.slice(0, WHOM_SHOWN_MAX).join(', ')
  return more > 0 ? `${first} and ${more} more` : first
}

function ledgerColumns(names: ReadonlyMap<string, string>): readonly Column<LedgerEntry>[] {
  return [
    { title: 'AT', text: ({ at }) => localMoment(at) },
    {
      title: 'OUTCOME',
      text: ({ outcome }) => outcome,
      style: ({ outcome }) => OUTCOME_STYLES[outcome],
    },
    {
      title: 'NOTIFICATION',
      text: ({ notificationId }) => names.get(notificationId) ?? notificationId,
      style: () => 'cyan',
    },
    {
      title: 'CHANNEL',
      text: ({ channelId }) => names.get(channelId) ?? '(deleted)',
      optional: true,
    },
    { title: 'TO', text: ({ to }) => whom(to) },
    {
      title: 'INCIDENT',
      text: ({ incidentNumber, incidentId }) => String(incidentNumber ?? incidentId),
      align: 'right',
    },
    { title: 'TITLE', text: ({ incidentTitle = '' }) => incidentTitle, optional: true },
    { title: 'ALERTS', text: ({ alerts }) => String(alerts), align: 'right', optional: true },
    { title: 'WHY', text: ({ why }) => why, wraps: true },
  ]
}
