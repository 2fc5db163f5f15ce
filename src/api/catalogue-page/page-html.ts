import { CATALOGUE, detailTypeOf, eventSchema, exampleOf } from '#src/model/catalogue/catalogue.ts'
import { eventPatternOf } from '#src/model/catalogue/catalogue-entry.ts'
import type { EventType, Provenance } from '#src/model/catalogue/event-type.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { fieldRows } from './field-rows.ts'
import type { FieldRow, FieldSchema } from './field-rows.ts'
import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'

const PROVENANCES: Readonly<Record<Provenance, readonly [label: string, meaning: string]>> = {
  published: ['published', 'the reference system publishes this type'],
  'partly-published': ['partly published', 'it publishes a part; the rest is our choice'],
  ours: ['ours', 'it publishes nothing of this type; the choice is ours and may be corrected'],
}

/** The catalogue as a page of its own, without anything to load. */
export function pageHtml(
  namespace: EventNamespace,
  parts: { readonly style: string; readonly script: string },
): string {
  const categories = [...Map.groupBy(CATALOGUE, ({ category }) => category)]
  // Style and script are whole elements: a space more, and the policy's hashes fit no longer.
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Tenancy events</title>
        ${{ html: `<style>${parts.style}</style>` }}
      </head>
      <body>
        <a class="skip" href="#events">Skip to the events</a>
        <header>
          <h1>Tenancy events</h1>
          <p>
            What happens in the tenancy: every type of event that comes over the partner event bus
            <code>aws.partner/${namespace.partner}/<var>logging account</var>/default</code>, or
            that a portal publishes with <code>POST /api/v1/tenancy-events</code>.
          </p>
          <div class="filter" hidden>
            <label for="filter">Filter</label>
            <input
              id="filter"
              type="search"
              placeholder="name, field, cause …"
              autocomplete="off"
              spellcheck="false"
            />
            <output id="count" for="filter" aria-live="polite"></output>
          </div>
          <nav aria-label="Categories">
            <ul>
              ${categories.map(
                ([name, types]) =>
                  html`<li>
                    <a href="#${name}">${spaced(name)} <small>${types.length}</small></a>
                  </li>`,
              )}
            </ul>
          </nav>
        </header>
        <main id="events">
          <dl class="legend">
            ${Object.entries(PROVENANCES).map(
              ([provenance, [label, meaning]]) =>
                html`<div>
                  <dt>${badge(provenance as Provenance, label)}</dt>
                  <dd>${meaning}</dd>
                </div>`,
            )}
          </dl>
          ${envelope(namespace)}
          ${categories.map(
            ([name, types]) =>
              html`<section aria-labelledby="${name}">
                <h2 id="${name}">${spaced(name)}</h2>
                ${types.map((type) => event(type, namespace))}
              </section>`,
          )}
          <p id="none" hidden>No event has all of these words.</p>
        </main>
      </body>
      ${{ html: `<script>${parts.script}</script>` }}
    </html> `
  return page.html
}

function event(type: EventType, namespace: EventNamespace): Html {
  const { name, summary, version, provenance, causes } = type
  const rows = fieldRows(type.fields)
  const words = [name, detailTypeOf(type), summary, ...rows.map(({ path }) => path)]
    .concat(causes.flatMap(({ action, permission = '' }) => [action, permission]))
    .join(' ')
  return html`<details class="event" id="${name}" data-words="${words.toLowerCase()}">
    <summary>
      <h3>${name}</h3>
      ${badge(provenance, PROVENANCES[provenance][0])}<span class="what">${summary}</span>
    </summary>
    <dl class="facts">
      <div>
        <dt>detail-type</dt>
        <dd><code>${detailTypeOf(type)}</code></dd>
      </div>
      <div>
        <dt>Version</dt>
        <dd>${version}</dd>
      </div>
      <div>
        <dt>Caused by</dt>
        <dd>
          <ul>
            ${causes.map(
              ({ action, permission }) =>
                html`<li>
                  ${causeHtml(action)}${
                    permission === undefined ? '' : html` with <code>${permission}</code>`
                  }
                </li>`,
            )}
          </ul>
        </dd>
      </div>
      <div>
        <dt>Schema</dt>
        <dd><a href="catalogue/${name}.schema.json">JSON Schema of a whole event</a></dd>
      </div>
    </dl>
    ${table(`Fields of ${name}`, rows)} ${code('Event pattern', eventPatternOf(type, namespace))}
    ${code('Example', exampleOf(type, namespace))}
  </details> `
}

/** What all events have beside their own fields. */
function envelope(namespace: EventNamespace): Html {
  const [first] = CATALOGUE as readonly [EventType]
  const { properties, ...whole } = eventSchema(first, namespace) as FieldSchema
  const { detail, ...outer } = properties ?? {}
  const own = new Set(Object.keys(first.fields.properties))
  const shared = Object.entries(detail?.properties ?? {}).filter(([name]) => !own.has(name))
  const rows = fieldRows({
    ...whole,
    properties: {
      ...outer,
      detail: { ...detail, properties: Object.fromEntries(shared) },
    },
  })
  // One type stands for all: what is fixed in its schema differs in others'.
  const general = rows.map((row) =>
    row.type.startsWith('"') && row.path !== 'version' ? { ...row, type: 'string' } : row,
  )
  return html`<details class="event" id="envelope">
    <summary>
      <h3>All events</h3>
      <span class="what">What every event says beside its own fields.</span>
    </summary>
    ${table('Fields of all events', general)}
  </details>`
}

function table(caption: string, rows: readonly FieldRow[]): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Type</th>
          <th scope="col">Required</th>
          <th scope="col">Description</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ path, type, required, description }) =>
            html`<tr>
              <th scope="row"><code>${breakable(path)}</code></th>
              <td>${type}</td>
              <td>${required ? 'yes' : 'no'}</td>
              <td>${description}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`
}

function code(title: string, value: object): Html {
  return html`<figure>
    <figcaption>${title}<button type="button" class="copy" hidden>Copy</button></figcaption>
    <pre tabindex="0">${JSON.stringify(value, undefined, 2)}</pre>
  </figure>`
}

function badge(provenance: Provenance, label: string): Html {
  return html`<span class="badge ${provenance}">${label}</span>`
}

/** A call stands in code, what is said of it beside. */
function causeHtml(action: string): Html {
  const [, call = '', rest = action] = /^([A-Z]+ \/[^ ,]+)(.*)$/.exec(action) ?? []
  return call === '' ? html`${rest}` : html`<code>${call}</code>${rest}`
}

function spaced(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
}

/** A long path may break after its dots and underscores. */
function breakable(path: string): readonly (Html | string)[] {
  return path.split(/(?<=[._])/).flatMap((part) => [part, html`<wbr />`])
}
