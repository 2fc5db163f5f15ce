import type { Command } from 'commander'

import type { Incident, IncidentDetails, Notification } from '#src/model/notification.ts'
import { INCIDENT_STATES } from '#src/model/notification.ts'
import { systemClock } from '#src/ports/clock.ts'
import { action, givenOnly, hours, oneOf, wholeNumber } from './call.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { incidentBy, notificationBy, organisationBy } from './references.ts'
import { localMoment, printable } from './terminal-text.ts'

const REFERENCE = 'its number or id'
const LIMIT_DEFAULT = 50
const HOUR_MS = 3_600_000

interface ListOptions {
  readonly organisation?: string
  readonly notification?: string
  readonly state?: string
  readonly limit: number
}

interface OfOrganisation {
  readonly organisation?: string
}

export function addIncidents(program: Command): void {
  const incidents = program
    .command('incidents')
    .description('list, show, acknowledge, snooze, resolve what people are told of')

  incidents
    .command('list')
    .description('list incidents, the newest first')
    .option('--organisation <organisation>', 'whose: id or alias')
    .option('--notification <notification>', 'only of this one: its name, number or id')
    .option('--state <state>', `only these: ${INCIDENT_STATES.join(', ')}`, oneOf(INCIDENT_STATES))
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIMIT_DEFAULT)
    .action(
      action<ListOptions>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { notification, state, limit } = options
        const notificationId = notification && (await notificationBy(hub, notification)).id
        const asked = givenOnly({ organisationId, notificationId, state })
        const { items, more } = await hub.listFirst<Incident>('/incidents', asked, limit)
        const all = await hub.listAll<Notification>('/notifications', { organisationId })
        const names = new Map(all.map(({ id, name }) => [id, name]))
        await output.show(items, () =>
          items.length === 0 ? 'no incidents' : table(items, columns(names), output.width),
        )
        if (more) output.note(`there are more: --limit ${limit * 10}`)
      }),
    )

  incidents
    .command('show')
    .description('show an incident')
    .argument('<incident>', REFERENCE)
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, reference: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { id } = await incidentBy(hub, organisationId, reference)
        const incident = await hub.get<IncidentDetails>(`/incidents/${id}`)
        await output.show(incident, () => [shown(incident), ...alertsText(incident)].join('\n\n'))
      }),
    )

  for (const [does, description] of [
    ['acknowledge', 'see to an incident: no reminders of it, no escalation'],
    ['resolve', 'call an incident over, whatever its alerts say'],
  ] as const) {
    incidents
      .command(does)
      .description(description)
      .argument('<incident>', REFERENCE)
      .option('--organisation <organisation>', 'whose: id or alias')
      .action(
        action<OfOrganisation>(async ({ hub, output, options }, reference: string) => {
          const { id: organisationId } = await organisationBy(hub, options.organisation)
          const { id } = await incidentBy(hub, organisationId, reference)
          const incident = await hub.post<Incident>(`/incidents/${id}/${does}`, undefined)
          await output.show(incident, () => shown(incident))
        }),
      )
  }

  incidents
    .command('snooze')
    .description('tell nothing of an incident for a while')
    .argument('<incident>', REFERENCE)
    .requiredOption('--hours <hours>', 'for so long, at most 720', hours)
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<OfOrganisation & { hours: number }>(
        async ({ hub, output, options }, reference: string) => {
          const { id: organisationId } = await organisationBy(hub, options.organisation)
          const { id } = await incidentBy(hub, organisationId, reference)
          const until = systemClock.now() + options.hours * HOUR_MS
          const incident = await hub.post<Incident>(`/incidents/${id}/snooze`, { until })
          await output.show(incident, () => shown(incident))
        },
      ),
    )
}

/** What its message says of its alerts. */
function alertsText({ summary, facts = [], items = [], moreItems = 0 }: IncidentDetails) {
  const listed = [
    ...items.map(({ text, url }) => (url === undefined ? text : `${text}  ${url}`)),
    ...(moreItems > 0 ? [`and ${moreItems} more`] : []),
  ].map((text) => `  ${printable(text)}`)
  return [
    ...(summary === undefined ? [] : [printable(summary)]),
    ...(facts.length === 0
      ? []
      : [fields(Object.fromEntries(facts.map(({ label, value }) => [label, value])))]),
    ...(listed.length === 0 ? [] : [listed.join('\n')]),
  ]
}

function shown(incident: Incident): string {
  const { state, acknowledgedBy, snoozedUntil, snoozedBy, waitsFor, toldAt } = incident
  const moment = (at: number | undefined) => (at === undefined ? undefined : localMoment(at))
  return fields(
    {
      incident: String(incident.number),
      title: incident.title,
      state,
      severity: incident.severity,
      cause: incident.cause,
      owner: incident.owner,
      alerts: `${incident.alerts}, of which ${incident.told} are told`,
      'still so': String(incident.open),
      opened: moment(incident.openedAt),
      'last told': toldAt === undefined ? 'not yet' : moment(toldAt),
      'waits for': waitsFor,
      acknowledged: acknowledgedBy && `${moment(incident.acknowledgedAt)} by ${acknowledgedBy}`,
      snoozed:
        snoozedUntil === undefined ? undefined : `until ${moment(snoozedUntil)} by ${snoozedBy}`,
      escalated: moment(incident.escalatedAt),
      over: moment(incident.resolvedAt),
      id: incident.id,
    },
    { title: 'cyan' },
  )
}

const SEVERITY_STYLES = {
  INFORMATIONAL: 'dim',
  LOW: 'dim',
  MEDIUM: 'yellow',
  HIGH: 'red',
  CRITICAL: 'red',
} as const

const columns = (names: ReadonlyMap<string, string>): readonly Column<Incident>[] => [
  { title: 'NO', text: ({ number }) => String(number), align: 'right' },
  { title: 'STATE', text: ({ state }) => state },
  {
    title: 'SEVERITY',
    text: ({ severity }) => severity,
    style: ({ severity }) => SEVERITY_STYLES[severity],
  },
  { title: 'TITLE', text: ({ title }) => title, style: () => 'cyan' },
  {
    title: 'NOTIFICATION',
    text: ({ notificationId }) => names.get(notificationId) ?? '(deleted)',
  },
  { title: 'OWNER', text: ({ owner = '' }) => owner, optional: true },
  { title: 'ALERTS', text: ({ alerts, open }) => `${open}/${alerts}`, align: 'right' },
  { title: 'OPENED', text: ({ openedAt }) => localMoment(openedAt) },
  { title: 'WAITS FOR', text: ({ waitsFor = '' }) => waitsFor, optional: true },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
