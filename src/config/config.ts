import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import { AWS_QUOTAS, QUOTA_MEANINGS } from '#src/model/quotas.ts'
import type { Quotas } from '#src/model/quotas.ts'
import { BUS_LOG_SETTINGS, readBusLogConfig } from './bus-log-config.ts'
import type { BusLogConfig } from './bus-log-config.ts'
import {
  addressOrNetwork,
  flagOf,
  matching,
  numberOf,
  portOf,
  numbersOf,
  oneOf,
} from './config-values.ts'
import type { Setting } from './config-values.ts'
import { MAIL_SETTINGS, readMailConfig } from './mail-config.ts'
import type { MailConfig } from './mail-config.ts'
import { TARGET_SETTINGS, readTargetConfig } from './target-config.ts'
import type { TargetConfig } from './target-config.ts'
import { TRAIL_SETTINGS, readTrailConfig } from './trail-config.ts'
import type { TrailConfig } from './trail-config.ts'

export interface Config {
  readonly host: string
  readonly port: number
  readonly dataFolder: string
  readonly allowPrivateTargets: boolean
  readonly targets: TargetConfig
  readonly busLogs: BusLogConfig
  readonly maxStoreBytes?: number
  readonly namespace: EventNamespace
  readonly logLevel: string
  /** How long events and attempts to deliver them are kept. */
  readonly historyDays: number
  /** How long first results of a compliance rule are gathered for one summary. */
  readonly ruleSettlingSeconds: number
  /** Absent: no trail is kept. */
  readonly trail?: TrailConfig
  /** Absent: the hub sends no e-mail. */
  readonly mail?: MailConfig
  /** Below it are the folders of organisations that costs may be imported from. */
  readonly costFolder?: string
  /** Where browsers reach the hub; absent: where it listens. */
  readonly publicUrl?: string
  readonly adminEmail: string
  /** Proxies that are believed about whom they call for. */
  readonly trustedProxies: readonly string[]
  readonly quotas: Quotas
}

const SETTINGS = {
  port: { env: 'BELFRY_PORT', fallback: '4100', value: 'NUMBER', help: 'port to listen on' },
  host: {
    env: 'BELFRY_HOST',
    fallback: '127.0.0.1',
    value: 'ADDRESS',
    help: 'address to listen on; anything but loopback should have TLS in front of it',
  },
  data: {
    env: 'BELFRY_DATA',
    fallback: '.belfry',
    value: 'FOLDER',
    help: 'where everything is kept',
  },
  'allow-private-targets': {
    env: 'BELFRY_ALLOW_PRIVATE_TARGETS',
    help: 'deliver to private, loopback and this machine’s own addresses too (for local development)',
  },
  ...TARGET_SETTINGS,
  ...BUS_LOG_SETTINGS,
  'max-store-bytes': {
    env: 'BELFRY_MAX_STORE_BYTES',
    value: 'BYTES',
    help: 'refuse new events when the database is this large (default: as the disk allows)',
  },
  'history-days': {
    env: 'BELFRY_HISTORY_DAYS',
    fallback: '7',
    value: 'NUMBER',
    help: 'keep events and the attempts to deliver them for so long; dead letters stay',
  },
  'rule-settling-seconds': {
    env: 'BELFRY_RULE_SETTLING_SECONDS',
    fallback: '600',
    value: 'NUMBER',
    help: 'gather the first results of a compliance rule for so long and tell them in one summary; 0: tell each at once',
  },
  'event-namespace': {
    env: 'BELFRY_EVENT_NAMESPACE',
    fallback: 'stax',
    value: 'NAME',
    help: 'prefix of tenancy event fields and sources, as in staxEventName and stax.auth',
  },
  partner: {
    env: 'BELFRY_PARTNER',
    fallback: 'stax.io',
    value: 'NAME',
    help: 'partner in the tenancy’s event source, as in aws.partner/stax.io/...',
  },
  'public-url': {
    env: 'BELFRY_PUBLIC_URL',
    value: 'URL',
    help: 'where browsers reach the hub, for sign-in with an OpenID provider (default: where it listens)',
  },
  'admin-email': {
    env: 'BELFRY_ADMIN_EMAIL',
    fallback: 'admin@localhost',
    value: 'E-MAIL',
    help: 'e-mail of the administrator that the first start makes',
  },
  'trusted-proxy': {
    env: 'BELFRY_TRUSTED_PROXY',
    value: 'ADDRESSES',
    help: 'addresses or networks (CIDR) of proxies in front, comma-separated, whose X-Forwarded-For says who calls',
  },
  quota: {
    env: 'BELFRY_QUOTA',
    value: 'NAME=NUMBER,...',
    help: `limits other than AWS's: ${Object.entries(QUOTA_MEANINGS)
      .map(([name, meaning]) => `${name} (${meaning}, ${shownQuota(name as keyof Quotas)})`)
      .join(', ')}`,
  },
  'log-level': {
    env: 'BELFRY_LOG_LEVEL',
    fallback: 'warn',
    value: 'LEVEL',
    help: 'trace, debug, info, warn, error, fatal or silent; the log goes to standard error',
  },
  'cost-folder': {
    env: 'BELFRY_COST_FOLDER',
    value: 'FOLDER',
    help: 'import costs from files too: those of an organisation are below the folder of its id in this one',
  },
  ...TRAIL_SETTINGS,
  ...MAIL_SETTINGS,
} as const satisfies Record<string, Setting>

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** A delivery may be tried for a day, so an event is kept for a day at least. */
const HISTORY_DAYS_MAX = 3_650
/** A day: AWS Config and Security Hub have evaluated everything once by then. */
const RULE_SETTLING_SECONDS_MAX = 86_400
/** The API's own limit, whatever the quota. */
const PATTERN_SIZE_MAX = 4_096
/** What one transaction, or one look-up, can still take. */
const QUOTA_MAX = 1_000_000
/** Room for the schema and a first batch. */
const STORE_BYTES_MIN = 1024 * 1024

export const HELP = `Usage: npm start -- [options]     or: belfry start [options]

Starts the hub in this terminal. Stop it with Ctrl-C.

Options, and the environment variables behind them:
${Object.entries(SETTINGS)
  .map(([name, setting]) => helpLines(name, setting))
  .join('\n')}
  --help
      show this
`

/**
 * The configuration from command line and environment, or 'help' where help was asked for.
 * @throws Error that says which setting is wrong and what it may be.
 */
export function readConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Config | 'help' {
  const { values } = parseArgs({ args: [...args], options: options(), strict: true })
  if (values['help']) return 'help'
  const textOf = (name: keyof typeof SETTINGS): string => {
    const setting: Setting = SETTINGS[name]
    const given = values[name]
    if (given === '') throw new Error(`--${name} is empty: give it a value or leave it out`)
    // An empty variable is one that is not set, as in other programs.
    return String(given ?? (env[setting.env] || setting.fallback) ?? '')
  }
  const maxStoreBytes = textOf('max-store-bytes')
  const dataFolder = resolve(textOf('data'))
  const namespace = {
    prefix: matching('event-namespace', textOf('event-namespace'), {
      pattern: /^[a-z][a-z0-9]{0,31}$/,
      words: 'a word of lower case letters and digits, 32 at most, such as acme',
    }),
    partner: matching('partner', textOf('partner'), {
      pattern: /^[a-z0-9][a-z0-9.-]{0,63}$/,
      words: 'lower case letters, digits, dots and dashes, 64 at most, such as acme.example',
    }),
  }
  const isGiven = (name: keyof typeof SETTINGS): boolean => {
    const text = textOf(name)
    if (values[name] === undefined && !env[SETTINGS[name].env]) return false
    // A switch that is off says nothing.
    return 'value' in SETTINGS[name] || flagOf(name, text)
  }
  const targets = readTargetConfig({
    textOf,
    profile: textOf('aws-profile'),
    endpointFlag: values['aws-endpoint'] !== undefined,
  })
  const trail = readTrailConfig(
    {
      textOf,
      // Of a profile targets in AWS make use too.
      isGiven: (name) =>
        isGiven(name) && !(name === 'aws-profile' && targets.aws?.profile !== undefined),
    },
    { dataFolder, namespace },
  )
  const mail = readMailConfig({ textOf, isGiven })
  const publicUrl = textOf('public-url')
  const costFolder = textOf('cost-folder')
  return {
    host: textOf('host'),
    port: portOf('port', textOf('port')),
    dataFolder,
    targets,
    busLogs: readBusLogConfig(textOf, dataFolder),
    allowPrivateTargets: flagOf('allow-private-targets', textOf('allow-private-targets')),
    ...(maxStoreBytes !== '' && {
      maxStoreBytes: numberOf(
        'max-store-bytes',
        maxStoreBytes,
        STORE_BYTES_MIN,
        Number.MAX_SAFE_INTEGER,
      ),
    }),
    namespace,
    historyDays: numberOf('history-days', textOf('history-days'), 1, HISTORY_DAYS_MAX),
    ruleSettlingSeconds: numberOf(
      'rule-settling-seconds',
      textOf('rule-settling-seconds'),
      0,
      RULE_SETTLING_SECONDS_MAX,
    ),
    ...(publicUrl !== '' && { publicUrl: urlOf('public-url', publicUrl) }),
    adminEmail: matching('admin-email', textOf('admin-email'), {
      pattern: /^[^\s@]{1,64}@[^\s@]{1,189}$/,
      words: 'an e-mail address, such as ana@example.com',
    }),
    trustedProxies: textOf('trusted-proxy')
      .split(',')
      .map((address) => address.trim())
      .filter((address) => address !== '')
      .map((address) => addressOrNetwork('trusted-proxy', address)),
    quotas: numbersOf('quota', textOf('quota'), AWS_QUOTAS, (quota) =>
      quota === 'pattern-size' ? PATTERN_SIZE_MAX : QUOTA_MAX,
    ),
    logLevel: oneOf('log-level', textOf('log-level'), LOG_LEVELS),
    ...(trail !== undefined && { trail }),
    ...(mail !== undefined && { mail }),
    ...(costFolder !== '' && { costFolder: resolve(costFolder) }),
  }
}

function shownQuota(name: keyof Quotas): string {
  const quota = AWS_QUOTAS[name]
  return Number.isFinite(quota) ? String(quota) : 'not limited'
}

function options() {
  const entries = Object.entries(SETTINGS).map(([name, setting]) => [
    name,
    { type: 'value' in setting ? 'string' : 'boolean' } as const,
  ])
  return { ...Object.fromEntries(entries), help: { type: 'boolean', short: 'h' } } as Record<
    string,
    { type: 'string' | 'boolean'; short?: string }
  >
}

function helpLines(name: string, { env, fallback, help, value }: Setting): string {
  const flag = value === undefined ? `--${name}` : `--${name} ${value}`
  const shown = fallback === undefined ? '' : ` (default: ${fallback})`
  return `  ${flag}   ${env}\n      ${help}${shown}`
}

/** Without the slash at its end. */
function urlOf(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && url.search === '' && url.hash === '' && url.username === ''
  if (plain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '')
  throw new Error(`--${name} must be an address such as https://belfry.example.com, not "${text}"`)
}
