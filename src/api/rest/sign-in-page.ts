import type { RestError } from '#src/errors.ts'
import type { NewUserSession } from '#src/tenancy/user-sessions.ts'
import { html } from '#src/model/html.ts'
import type { Html } from '#src/model/html.ts'

/** The pages that end a sign-in with a browser. */

export function signedInPage({ user, sessionToken, refreshToken, expiresAt }: NewUserSession) {
  const until = new Date(expiresAt).toISOString()
  return page(
    'You are signed in',
    html`<p>as <b>${user.email}</b>, in the role ${user.role}, until ${until}.</p>
      <p>For the command line:</p>
      <pre>export BELFRY_SESSION=${sessionToken}</pre>
      <p>
        The token goes into <code>Authorization: Bearer</code> of REST calls. The next one, good
        once, is for <code>POST /api/v1/sessions/refresh</code>:
      </p>
      <pre>${refreshToken}</pre>
      <p>They are shown this once. Close this page when you have copied them.</p>`,
  )
}

export function refusedPage({ code, message }: RestError, requestId: string): string {
  return page(
    'You are not signed in',
    html`<p>${message}</p>
      <p><small>${code}, request ${requestId}</small></p>`,
  )
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} · Belfry</title>
        <style>
          body {
            font:
              1rem/1.5 system-ui,
              sans-serif;
            max-width: 42rem;
            margin: 4rem auto;
            padding: 0 1rem;
          }
          pre {
            overflow-wrap: anywhere;
            white-space: pre-wrap;
            padding: 1rem;
            background: #8881;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html> `.html
}
