import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import { told } from './alert-text.ts'
import { cut, oneLine } from './fitting.ts'
import { readerText } from './reader-text.ts'
import type { AlertEvent, Message, Reader } from './sending.ts'
import { severityWord } from './wording.ts'

/** What of a message is not in its events. */
export interface About extends Pick<Message, 'links'>, Partial<Pick<Message, 'state' | 'reasons'>> {
  readonly reader: Reader
  /** When the message is made (epoch ms). */
  readonly at: number
}

/** What every channel but e-mail would cut anyway. */
const ITEMS_MAX = 50
const TITLE_CHARACTERS_MAX = 200
const VALUE_CHARACTERS_MAX = 500
const REASONS_MAX = 10

/**
 * The message about one incident.
 * @param events of the incident, the oldest first; at least one: the last says how things are
 */
export function messageOf(
  events: readonly [AlertEvent, ...AlertEvent[]],
  about: About & { readonly incident: NonNullable<Message['incident']> },
): Message {
  const last = events.at(-1) ?? events[0]
  const { isOver, ...text } = told(events, readerText(about.reader))
  return bounded({
    ...common(events, about),
    kind: 'alert',
    incident: about.incident,
    severity: last.alert.severity,
    state: about.state ?? (isOver ? 'RESOLVED' : 'OPEN'),
    ...text,
  })
}

/** An incident among others in one message. */
export interface DigestPart {
  /** The oldest first. */
  readonly events: readonly [AlertEvent, ...AlertEvent[]]
  /** How many events of it are older than these. */
  readonly older?: number
  /** Where its reader can see to it. */
  readonly url?: string
}

/** One message about several incidents, one line each. */
export function digestOf(
  incidents: readonly DigestPart[],
  about: About & { readonly title?: string },
): Message {
  const text = readerText(about.reader)
  const alerts = incidents.map(({ events, older = 0, url }) => ({
    severity: (events.at(-1) ?? events[0]).alert.severity,
    ...told(events, text),
    url,
    more:
      older === 0 ? '' : ` (and ${text.count(older)} older ${older === 1 ? 'alert' : 'alerts'})`,
  }))
  const ordered = alerts.toSorted((a, b) => rank(b.severity) - rank(a.severity))
  const counts = SEVERITIES.toReversed().flatMap((severity) => {
    const count = alerts.filter((alert) => alert.severity === severity).length
    return count === 0 ? [] : [{ label: severityWord(severity), value: text.count(count) }]
  })
  return bounded({
    ...common(
      incidents.flatMap(({ events }) => events),
      about,
    ),
    kind: 'digest',
    severity: ordered[0]?.severity ?? 'INFORMATIONAL',
    state: about.state ?? 'OPEN',
    title:
      about.title ??
      `${text.count(alerts.length)} ${alerts.length === 1 ? 'incident' : 'incidents'}`,
    summary: 'All that there is to tell now, the worst first.',
    facts: counts,
    items: ordered.map(({ severity, title, more, url }) => ({
      text: `${severityWord(severity)}: ${title}${more}`,
      ...(url !== undefined && { url }),
    })),
  })
}

/** A message that says that messages arrive. */
export function testMessage(channelName: string, about: About): Message {
  return bounded({
    ...common([], about),
    kind: 'test',
    severity: 'INFORMATIONAL',
    state: 'RESOLVED',
    title: `Test of the channel ${channelName}`,
    summary: 'Messages of Belfry arrive here. Nothing has happened, and nothing is to be done.',
    facts: [{ label: 'Channel', value: channelName }],
    items: [],
  })
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

function common(events: readonly AlertEvent[], { at, reader, reasons = [], links }: About) {
  const moreItems = 0
  return { events, at, shownAt: readerText(reader).moment(at), reasons, links, moreItems }
}

/** One line each, and none endless: names of rules, resources and tags are foreign. */
function bounded(message: Message): Message {
  const { title, summary, facts, items, reasons } = message
  const line = (text: string) => cut(oneLine(text), VALUE_CHARACTERS_MAX)
  return {
    ...message,
    title: cut(oneLine(title), TITLE_CHARACTERS_MAX),
    // No channel takes an empty text.
    summary: cut(oneLine(summary) || oneLine(title), 2 * VALUE_CHARACTERS_MAX),
    facts: facts
      .map(({ label, value }) => ({ label, value: line(value) }))
      .filter(({ value }) => value !== ''),
    items: items.slice(0, ITEMS_MAX).map((item) => ({ ...item, text: line(item.text) })),
    moreItems: message.moreItems + Math.max(0, items.length - ITEMS_MAX),
    reasons: reasons
      .map(line)
      .filter((reason) => reason !== '')
      .slice(0, REASONS_MAX),
  }
}
