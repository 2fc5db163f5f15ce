import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ReceivedLetter } from './mail/mail-server.ts'
import { quotedPrintable } from './mail/quoted-printable.ts'
import type { Received } from './receiver.ts'

const FOLDER = process.env['BELFRY_RECEIVED_FOLDER']

/**
 * Writes what people were sent into the folder that BELFRY_RECEIVED_FOLDER names, for whoever wants to look
 * at it: the HTML of letters, and Slack's messages as they came.
 */
export function keepReceived(
  letters: readonly ReceivedLetter[],
  requests: readonly Received[],
): void {
  if (FOLDER === undefined || FOLDER === '') return
  mkdirSync(FOLDER, { recursive: true })
  for (const [index, { source }] of letters.entries()) {
    writeFileSync(join(FOLDER, `letter-${index + 1}.html`), htmlOf(source))
  }
  const messages = requests.filter(({ path }) => path.startsWith('/slack'))
  for (const [index, { body }] of messages.entries()) {
    writeFileSync(join(FOLDER, `slack-${index + 1}.json`), JSON.stringify(body, undefined, 2))
  }
}

/** The part of a letter that mail programs show. */
function htmlOf(source: string): string {
  const part = source.split('Content-Type: text/html')[1] ?? ''
  const [, ...content] = part.split('\r\n\r\n')
  return quotedPrintable(content.join('\r\n\r\n').split('\r\n--')[0] ?? '')
}
