import type { EmitFault } from './emit-fault.ts'
import type { Hub } from './post-batch.ts'

export interface EmitterOptions {
  /** Address of the hub, such as `https://belfry.example.com`. */
  readonly url: string
  /** Of an API token with the role `api_operations` or `api_admin`. */
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Whose events they are; may be left out where the API token is one organisation's. */
  readonly organisationId?: string
  /** Where this publisher runs: the region of its events that name an account and no region. */
  readonly region?: string
  /** Told of each event that was not taken. */
  readonly onFault?: (fault: EmitFault) => void
  /** Events in a request, 1 to 500. Default: 100. */
  readonly batchEventsMax?: number
  /** How long an event waits for others to go with it. Default: 20. */
  readonly batchDelayMs?: number
  /** Events that may wait for the hub, of 64 MB together; one more is refused. Default: 10 000. */
  readonly queueEventsMax?: number
  /** How long a hub that does not answer is tried again. Default: 15 minutes. */
  readonly giveUpAfterMs?: number
  /** How long one answer may take. Default: 30 seconds. */
  readonly requestTimeoutMs?: number
}

/** The options with their defaults. */
export interface CheckedOptions extends Omit<Hub, 'closing'> {
  readonly batchEventsMax: number
  readonly batchDelayMs: number
  readonly queueEventsMax: number
}

const EVENTS_PER_REQUEST_MAX = 500
/** Longer ones node takes for 1 ms. */
export const TIMER_MS_MAX = 2 ** 31 - 1
/** No region of any organisation: its events must name theirs. */
const NO_REGION = 'global'
const PATH = 'api/v1/tenancy-events'

const NUMBERS = {
  batchEventsMax: { fallback: 100, from: 1, to: EVENTS_PER_REQUEST_MAX },
  batchDelayMs: { fallback: 20, from: 0, to: TIMER_MS_MAX },
  queueEventsMax: { fallback: 10_000, from: 1, to: 1_000_000 },
  giveUpAfterMs: { fallback: 15 * 60_000, from: 0, to: TIMER_MS_MAX },
  requestTimeoutMs: { fallback: 30_000, from: 1, to: TIMER_MS_MAX },
} as const

/** @throws TypeError that says which option is wrong and what it may be. */
export function checkedOptions(given: EmitterOptions): CheckedOptions {
  return {
    url: endpoint(given.url),
    accessKeyId: text(given, 'accessKeyId'),
    secretAccessKey: text(given, 'secretAccessKey'),
    region: given.region === undefined ? NO_REGION : text(given, 'region'),
    batchEventsMax: number(given, 'batchEventsMax'),
    batchDelayMs: number(given, 'batchDelayMs'),
    queueEventsMax: number(given, 'queueEventsMax'),
    giveUpAfterMs: number(given, 'giveUpAfterMs'),
    requestTimeoutMs: number(given, 'requestTimeoutMs'),
  }
}

function endpoint(address: string): URL {
  if (/^https?:\/\//.test(address) && URL.canParse(address)) {
    return new URL(PATH, address.replace(/\/*$/, '/'))
  }
  throw new TypeError(`url must start with http:// or https://, not "${address}"`)
}

function text(given: EmitterOptions, name: 'accessKeyId' | 'secretAccessKey' | 'region'): string {
  const value = given[name]
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${name} must be a text that is not empty`)
}

function number(given: EmitterOptions, name: keyof typeof NUMBERS): number {
  const { fallback, from, to } = NUMBERS[name]
  const value = given[name] ?? fallback
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw new TypeError(`${name} must be a whole number from ${from} to ${to}, not ${value}`)
}
