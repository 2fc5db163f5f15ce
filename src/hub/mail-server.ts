import { readFileSync } from 'node:fs'

import { createSmtpMail } from '#src/adapters/smtp/smtp-mail.ts'
import type { Mail } from '#src/ports/mail.ts'
import type { OutboundConnections } from '#src/ports/outbound.ts'
import { SMTP_PASSWORD_VARIABLE } from '#src/config/mail-config.ts'
import type { MailConfig } from '#src/config/mail-config.ts'

/**
 * The operator's mail server, or undefined where none is configured.
 * @throws Error that says which setting is missing, or which file cannot be read.
 */
export function openMailServer(
  config: MailConfig | undefined,
  outbound: OutboundConnections,
  env: Readonly<Record<string, string | undefined>>,
): Mail | undefined {
  if (config === undefined) return undefined
  const { passwordFile, caFile, ...server } = config
  const password =
    passwordFile === undefined
      ? env[SMTP_PASSWORD_VARIABLE]
      : textIn('smtp-password-file', passwordFile)
  if (server.user !== undefined && !password) {
    throw new Error(
      `--smtp-user needs a password: set ${SMTP_PASSWORD_VARIABLE} or --smtp-password-file`,
    )
  }
  const ca = caFile === undefined ? undefined : textIn('smtp-ca', caFile)
  return createSmtpMail(
    {
      ...server,
      ...(server.user !== undefined && password !== undefined && { password }),
      ...(ca !== undefined && { ca }),
    },
    outbound,
  )
}

function textIn(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Error(`--${setting} names "${file}", which cannot be read`, { cause })
  }
}
