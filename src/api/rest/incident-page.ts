import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'
import { SNOOZES } from '#src/model/notification.ts'
import type { Incident, IncidentDetails } from '#src/model/notification.ts'
import { readerText } from '#src/notifications/channels/reader-text.ts'
import { linkPage } from './link-page.ts'

/** The page behind a message's links. It asks first: programs open links that come by e-mail. */

/**
 * @param by who acts with it, as others will read it
 * @param done what was just done with it, in words
 */
export function incidentPage(
  incident: IncidentDetails,
  { by, done }: { readonly by: string; readonly done?: string },
): string {
  const { number, title, state, severity, alerts, open, owner, cause } = incident
  const { summary, facts = [], items = [], moreItems = 0 } = incident
  const isOver = state === 'RESOLVED'
  return linkPage(
    `Incident ${number}: ${title}`,
    html`${done === undefined ? '' : html`<p role="status"><b>${done}</b></p>`}
      ${summary === undefined ? '' : html`<p>${summary}</p>`}
      <dl>
        <dt>State</dt>
        <dd>${stateText(incident)}</dd>
        <dt>Severity</dt>
        <dd>${severity[0]}${severity.slice(1).toLowerCase()}</dd>
        <dt>Cause</dt>
        <dd>${cause}${owner === undefined ? '' : ` (${owner})`}</dd>
        <dt>Alerts</dt>
        <dd>${alerts}${isOver ? '' : `, ${open} of them not over`}</dd>
        <dt>Opened</dt>
        <dd>${momentOf(incident.openedAt)}</dd>
        ${facts.map(
          ({ label, value }) =>
            html`<dt>${label}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
      ${isOver ? '' : forms(state, by)} ${list(items, moreItems)}
      <p>
        <small>On the command line: <code>belfry incidents show ${number}</code></small>
      </p>`,
  )
}

function list(items: NonNullable<IncidentDetails['items']>, more: number): Html | undefined {
  if (items.length === 0) return undefined
  return html`<ul>
    ${items.map(({ text, url }) => html`<li>${url ? html`<a href="${url}">${text}</a>` : text}</li>`)}
    ${more > 0 ? html`<li>and ${more} more</li>` : ''}
  </ul>`
}

function forms(state: Incident['state'], by: string): Html {
  const acknowledge = html`<form method="post" id="acknowledge">
    <input type="hidden" name="does" value="acknowledge" />
    <button>Acknowledge</button> I see to it: no reminders, no escalation.
  </form>`
  const snooze = html`<form method="post" id="snooze">
    <input type="hidden" name="does" value="snooze" />
    <button>Snooze</button> for
    <select name="hours" aria-label="for how long">
      ${SNOOZES.map(({ hours, label }) => html`<option value="${hours}">${label}</option>`)}
    </select>
  </form>`
  const noted = html`<p><small>It is noted as done by ${by}.</small></p>`
  return state === 'ACKNOWLEDGED' ? html`${snooze}${noted}` : html`${acknowledge}${snooze}${noted}`
}

function stateText({ state, acknowledgedBy, snoozedUntil, snoozedBy }: Incident): string {
  const texts: Readonly<Record<Incident['state'], string>> = {
    OPEN: 'open',
    ACKNOWLEDGED: `acknowledged by ${acknowledgedBy}`,
    SNOOZED: `snoozed by ${snoozedBy} until ${momentOf(snoozedUntil ?? 0)}`,
    RESOLVED: 'over',
  }
  return texts[state]
}

/** In UTC: who reads the page is not known. */
function momentOf(instant: number): string {
  return readerText({ locale: 'en-GB', timeZone: 'UTC' }).moment(instant)
}
