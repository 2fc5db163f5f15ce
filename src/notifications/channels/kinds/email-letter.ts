import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'
import type { Letter } from '#src/ports/mail.ts'
import { moreText } from '../fitting.ts'
import type { Message } from '../sending.ts'
import { asOf, statusLine, tone } from '../wording.ts'

/** The two bodies of an e-mail: for who shows HTML, and for everybody else. */
export function letterBodies(message: Message): Pick<Letter, 'text' | 'html'> {
  return { text: plainText(message), html: page(message).html }
}

const LABEL_CHARACTERS = 20

function plainText(message: Message): string {
  const { title, summary, facts, moreItems, items, reasons, links } = message
  const more = moreText(moreItems)
  const list = items.map(({ text, url }) =>
    url === undefined ? `- ${text}` : `- ${text}\n  ${url}`,
  )
  const sections = [
    [statusLine(message), title],
    [summary],
    facts.map(({ label, value }) => `${`${label}:`.padEnd(LABEL_CHARACTERS)} ${value}`),
    more === undefined ? list : [...list, `- ${more}`],
    links.map(({ label, url }) => `${label}: ${url}`),
    [...reasons, asOf(message)],
  ]
  const full = sections.filter((lines) => lines.length > 0)
  return `${full.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Dark enough for white text. */
const TONES = {
  CRITICAL: '#9f1239',
  HIGH: '#c2410c',
  MEDIUM: '#a16207',
  LOW: '#1d4ed8',
  INFORMATIONAL: '#475569',
  RESOLVED: '#15803d',
} as const

const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
const MUTED = 'color:#57606a;font-size:13px;line-height:20px'
const TABLE: Html = {
  html: 'role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"',
}

/** For programs that know it; with `!important`, as the styles in place would win. */
const DARK: Html = {
  html: `<style>
  @media (prefers-color-scheme: dark) {
    .page { background: #0d1117 !important }
    .card { background: #161b22 !important; color: #e6edf3 !important }
    .card, .card table, .card p { border-color: #30363d !important }
    .muted { color: #9198a1 !important }
    .card li a, .muted a { color: #6cb6ff !important }
    .other { background: #21262d !important; border-color: #3d444d !important; color: #e6edf3 !important }
  }
</style>`,
}

/** Tables, and styles in place: what mail programs make of more than that differs. */
function page(message: Message): Html {
  const { title, summary } = message
  const color = TONES[tone(message)]
  return html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${title}</title>
        ${DARK}
      </head>
      <body class="page" style="margin:0;padding:0;background:#f3f4f6">
        <table ${TABLE} class="page" style="background:#f3f4f6">
          <tr>
            <td align="center" style="padding:24px 12px">
              <table
                ${TABLE}
                class="card"
                style="max-width:600px;background:#ffffff;border-radius:8px;border:1px solid #d8dee4;${FONT};color:#1f2328"
              >
                <tr>
                  <td
                    style="background:${color};border-radius:7px 7px 0 0;padding:10px 24px;color:#ffffff;font-size:13px;line-height:20px"
                  >
                    ${statusLine(message)}
                  </td>
                </tr>
                <tr>
                  <td style="padding:20px 24px 24px">
                    <h1
                      style="margin:0 0 8px;font-size:20px;line-height:28px;font-weight:600;word-break:break-word"
                    >
                      ${title}
                    </h1>
                    <p
                      style="margin:0 0 16px;font-size:15px;line-height:23px;word-break:break-word"
                    >
                      ${summary}
                    </p>
                    ${factTable(message)}${itemList(message)}${buttons(message, color)}${footer(message)}
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html> `
}

function factTable({ facts }: Message): Html | undefined {
  if (facts.length === 0) return undefined
  const rows = facts.map(
    ({ label, value }) =>
      html`<tr>
        <td valign="top" class="muted" style="padding:4px 16px 4px 0;white-space:nowrap;${MUTED}">
          ${label}
        </td>
        <td
          valign="top"
          width="100%"
          style="padding:4px 0;font-size:14px;line-height:20px;word-break:break-word"
        >
          ${value}
        </td>
      </tr> `,
  )
  return html`<table
    ${TABLE}
    style="margin:0 0 16px;border-top:1px solid #e5e7eb;border-bottom:1px solid #e5e7eb"
  >
    ${rows}
  </table> `
}

function itemList({ items, moreItems }: Message): Html | undefined {
  const more = moreText(moreItems)
  const lines = [
    ...items.map(({ text, url }) =>
      url === undefined ? text : html`<a href="${url}" style="color:#0b5cad">${text}</a>`,
    ),
    ...(more === undefined ? [] : [more]),
  ]
  if (lines.length === 0) return undefined
  const list = lines.map(
    (line) => html`<li style="margin:0 0 4px;word-break:break-word">${line}</li> `,
  )
  return html`<ul style="margin:0 0 16px;padding:0 0 0 20px;font-size:14px;line-height:20px">
    ${list}
  </ul> `
}

function buttons({ links }: Message, color: string): Html | undefined {
  const shown = links.filter(({ does }) => does !== 'unsubscribe')
  if (shown.length === 0) return undefined
  const main = `background:${color};border:1px solid ${color};color:#ffffff`
  const other = 'background:#ffffff;border:1px solid #d0d7de;color:#1f2328'
  const all = shown.map(
    ({ label, url }, index) =>
      html`<a
        href="${url}"
        class="${index === 0 ? 'main' : 'other'}"
        style="display:inline-block;margin:0 8px 8px 0;padding:8px 16px;border-radius:6px;font-size:14px;line-height:20px;text-decoration:none;${index === 0 ? main : other}"
        >${label}</a
      >`,
  )
  return html`<div style="margin:0 0 8px">${all}</div> `
}

function footer(message: Message): Html {
  const { reasons, links } = message
  const leave = links
    .filter(({ does }) => does === 'unsubscribe')
    .map(({ label, url }) => html` · <a href="${url}" style="color:#57606a">${label}</a>`)
  const why = reasons.map((reason) => html`${reason}<br />`)
  return html`<p
    class="muted"
    style="margin:0;padding-top:12px;border-top:1px solid #e5e7eb;${MUTED};word-break:break-word"
  >
    ${why}${asOf(message)}${leave}
  </p>`
}
