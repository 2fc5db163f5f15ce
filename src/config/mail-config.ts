import { resolve } from 'node:path'

import { matching, numberOf, oneOf } from './config-values.ts'
import type { Form, Setting } from './config-values.ts'

/** The operator's mail server. */
export interface MailConfig {
  readonly host: string
  readonly port: number
  readonly tls: 'starttls' | 'implicit' | 'none'
  readonly user?: string
  readonly passwordFile?: string
  readonly from: string
  readonly caFile?: string
}

/** Its password, as a command line is there for others on the machine to read. */
export const SMTP_PASSWORD_VARIABLE = 'BELFRY_SMTP_PASSWORD'

export const MAIL_SETTINGS = {
  'smtp-host': {
    env: 'BELFRY_SMTP_HOST',
    value: 'HOST',
    help: 'mail server by which channels of kind email send; it may be in a private network (default: none)',
  },
  'smtp-from': {
    env: 'BELFRY_SMTP_FROM',
    value: 'E-MAIL',
    help: 'what e-mails are from: belfry@example.com, or "Belfry <belfry@example.com>"',
  },
  'smtp-tls': {
    env: 'BELFRY_SMTP_TLS',
    fallback: 'starttls',
    value: 'KIND',
    help: 'starttls (required, not tried), implicit, or none, which takes no password',
  },
  'smtp-port': {
    env: 'BELFRY_SMTP_PORT',
    value: 'NUMBER',
    help: 'its port (default: 587 with starttls, 465 with implicit, 25 with none)',
  },
  'smtp-user': {
    env: 'BELFRY_SMTP_USER',
    value: 'NAME',
    help: `whom the hub signs in as; the password is in ${SMTP_PASSWORD_VARIABLE} or a file`,
  },
  'smtp-password-file': {
    env: 'BELFRY_SMTP_PASSWORD_FILE',
    value: 'FILE',
    help: 'file that holds the password for --smtp-user',
  },
  'smtp-ca': {
    env: 'BELFRY_SMTP_CA',
    value: 'FILE',
    help: 'certificate authority of the mail server in PEM, where it is a private one',
  },
} as const satisfies Record<string, Setting>

type Name = keyof typeof MAIL_SETTINGS

interface MailSettingTexts {
  /** Its fallback, or empty, where it was not given. */
  readonly textOf: (name: Name) => string
  readonly isGiven: (name: Name) => boolean
}

const PORTS = { starttls: 587, implicit: 465, none: 25 } as const
const HOST: Form = {
  pattern: /^[A-Za-z0-9.:_-]{1,253}$/,
  words: 'the name or address of a server, such as smtp.example.com',
}
const ADDRESS = String.raw`[^\s@<>",;:()\\]{1,64}@[A-Za-z0-9.-]{1,189}`
const FROM: Form = {
  pattern: new RegExp(`^(${ADDRESS}|[^<>"@\\p{Cc}]{1,64} <${ADDRESS}>)$`, 'u'),
  words: 'an e-mail address, with a name before it or none, such as Belfry <belfry@example.com>',
}
const USER: Form = {
  pattern: /^[^\p{Cc}]{1,256}$/u,
  words: 'one line of text, 256 characters at most',
}

/**
 * What the settings say of the mail server, or undefined where there is none.
 * @throws Error that says which setting is wrong and what it may be.
 */
export function readMailConfig({ textOf, isGiven }: MailSettingTexts): MailConfig | undefined {
  const host = textOf('smtp-host')
  if (host === '') {
    const others = Object.keys(MAIL_SETTINGS) as Name[]
    const given = others.find(isGiven)
    if (given === undefined) return undefined
    throw new Error(`--${given} says nothing without --smtp-host: give both, or leave it out`)
  }
  const from = textOf('smtp-from')
  if (from === '') {
    throw new Error('--smtp-host needs --smtp-from too: what e-mails are from')
  }
  const tls = oneOf('smtp-tls', textOf('smtp-tls'), ['starttls', 'implicit', 'none'] as const)
  const [port, user, caFile] = [textOf('smtp-port'), textOf('smtp-user'), textOf('smtp-ca')]
  const passwordFile = textOf('smtp-password-file')
  if (user !== '' && tls === 'none') {
    throw new Error('--smtp-user would send its password in the clear with --smtp-tls none')
  }
  if (user === '' && passwordFile !== '') {
    throw new Error('--smtp-password-file says nothing without --smtp-user')
  }
  return {
    host: matching('smtp-host', host, HOST),
    port: port === '' ? PORTS[tls] : numberOf('smtp-port', port, 1, 65_535),
    tls,
    from: matching('smtp-from', from, FROM),
    ...(user !== '' && { user: matching('smtp-user', user, USER) }),
    ...(passwordFile !== '' && { passwordFile: resolve(passwordFile) }),
    ...(caFile !== '' && { caFile: resolve(caFile) }),
  }
}
