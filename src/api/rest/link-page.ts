import type { FastifyReply } from 'fastify'

import { RestError } from '#src/errors.ts'
import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'

/** Answers with a page, which runs no script, is kept by nobody, and shows why a link does not work. */
export async function onLinkPage(
  reply: FastifyReply,
  work: () => Promise<string>,
): Promise<FastifyReply> {
  void reply.headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  try {
    return await reply.send(await work())
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return reply.code(error.status).send(refusedPage(error.message))
  }
}

function refusedPage(message: string): string {
  return linkPage('This link does not work', html`<p>${message}</p>`)
}

/** What pages behind the links of messages have in common. */
export function linkPage(title: string, body: Html): string {
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
