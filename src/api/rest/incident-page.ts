import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'
import { SNOOZES } from '#src/model/notification.ts'
import type { Incident, IncidentDetails } from '#src/model/notification.ts'
import { readerText } from '#src/notifications/channels/reader-text.ts'

/** The page behind a message's links. It asks first: programs open links that come by e-mail. */

/** @param done what was just done with it, in words */
export function incidentPage(incident: IncidentDetails, done?: string): string {
  const { number, title, state, severity, alerts, open, owner, cause } = incident
  const { summary, facts = [], items = [], moreItems = 0 } = incident
  const isOver = state === 'RESOLVED'
  return page(
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
      ${list(items, moreItems)} ${isOver ? '' : forms(state)}
      <p>
        <small>On the command line: <code>belfry incidents show ${number}</code></small>
      </p>`,
  )
}

export function incidentRefusedPage(message: string): string {
  return page('This link does not work', html`<p>${message}</p>`)
}

function list(items: NonNullable<IncidentDetails['items']>, more: number): Html | undefined {
  if (items.length === 0) return undefined
  return html`<ul>
    ${items.map(({ text, url }) => html`<li>${url ? html`<a href="${url}">${text}</a>` : text}</li>`)}
    ${more > 0 ? html`<li>and ${more} more</li>` : ''}
  </ul>`
}

function forms(state: Incident['state']): Html {
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
  return state === 'ACKNOWLEDGED' ? snooze : html`${acknowledge}${snooze}`
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

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="referrer" content="no-referrer" />
        <title>${title} · Belfry</title>
        <style>
          :root {
            color-scheme: light dark;
          }
          body {
            font:
              1rem/1.5 system-ui,
              sans-serif;
            max-width: 42rem;
            margin: 2rem auto;
            padding: 0 1rem;
            overflow-wrap: anywhere;
          }
          h1 {
            font-size: 1.5rem;
            line-height: 1.3;
          }
          dl {
            display: grid;
            grid-template-columns: max-content 1fr;
            gap: 0.25rem 1.5rem;
          }
          dt {
            opacity: 0.7;
          }
          dd {
            margin: 0;
          }
          form {
            margin: 1rem 0;
          }
          button,
          select {
            font: inherit;
            padding: 0.4rem 1rem;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html> `.html
}
