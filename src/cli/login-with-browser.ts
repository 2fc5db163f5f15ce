import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'

import { systemIds as ids } from '#src/ports/ids.ts'
import type { HubClient } from './hub-client.ts'
import { listenOnLoopback } from './loopback.ts'
import type { Output } from './output.ts'
import type { Session } from './session.ts'

const SECRET_BYTES = 32

/**
 * Signs in with the OpenID provider of an organisation (RFC 8252): the browser is sent there with
 * the hash of a secret, and comes back to a port of this machine with a code that is worth nothing
 * without the secret. Whoever is talked into opening such an address signs in on their own
 * machine, not on that of who talked.
 */
export async function loginWithBrowser(
  hub: HubClient,
  alias: string,
  { output, opens }: { readonly output: Output; readonly opens: boolean },
): Promise<Session> {
  const secret = ids.opaque(SECRET_BYTES)
  const challenge = createHash('sha256').update(secret).digest('base64url')
  const loopback = await listenOnLoopback()
  try {
    const query = new URLSearchParams({ port: String(loopback.port), challenge }).toString()
    const url = `${hub.url}/sign-in/oidc/${encodeURIComponent(alias)}?${query}`
    output.note(`Sign in with a browser on this machine:\n\n  ${url}\n`)
    if (opens && process.stderr.isTTY) openBrowser(url)
    const code = await loopback.code()
    return await hub.anonymous().post<Session>('/sessions/claim', { code, secret })
  } finally {
    loopback.close()
  }
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Where there is no browser, the address that was shown is what there is. */
function openBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
