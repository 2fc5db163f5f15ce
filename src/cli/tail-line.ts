import { DEFAULT_BUS, parseBusArn } from '#src/model/arn.ts'
import { detailWords } from './detail-words.ts'
import type { ToldEvent } from './detail-words.ts'
import { styled } from './output.ts'
import type { Style } from './output.ts'
import { clipped, localTime, padded, printable, widthOf } from './terminal-text.ts'

/** A message of the hub's event stream. */
export interface StreamMessage {
  readonly bus: string
  readonly acceptedAt: number
  readonly accountName?: string
  readonly event: ToldEvent & {
    readonly id: string
    readonly account: string
    readonly region: string
    readonly 'detail-type': string
  }
}

interface Part {
  readonly text: string
  readonly style?: Style
  /** Filled to this many columns; a `cut` one is no wider either. */
  readonly width?: number
  readonly cut?: boolean
  /** No wider than this on a terminal. */
  readonly max?: number
}

/** Wide enough for every column; a narrower line leaves out what is mostly the same. */
const WIDE_COLUMNS_MIN = 120
const NAME_WIDTH = 14
const ACCOUNT_WIDTH = 12
const REGION_WIDTH = 14
const BUS_WIDTH = 10
/** Some have an organisation's id in their names. */
const BUS_WIDTH_MAX = 24
const SOURCE_WIDTH = 16

const TROUBLE = /fail|error|alarm|denied|abort|unhealthy|critical|non_compliant|degraded/i

/**
 * One event on one line of at most `width` columns.
 * @param accountName the name of the bus's account, if it is known
 */
export function tailLine(message: StreamMessage, width: number, accountName?: string): string {
  const parts = width < WIDE_COLUMNS_MIN ? narrow(message, accountName) : wide(message, accountName)
  const line: string[] = []
  let left = width
  for (const { text, style, width: columns, cut, max = left } of parts) {
    if (text === '' && columns === undefined) continue
    if (left <= 0) break
    const clean = Number.isFinite(width) ? clipped(printable(text), max) : printable(text)
    const fills = columns !== undefined && (cut === true || widthOf(clean) < columns)
    const shown = clipped(fills ? padded(clean, columns) : clean, left)
    line.push(styled(style, shown))
    left -= widthOf(shown) + 1
  }
  return line.join(' ')
}

function wide(message: StreamMessage, accountName: string | undefined): readonly Part[] {
  const { event, bus, acceptedAt } = message
  const busName = shortBus(bus, event.account, accountName) ?? DEFAULT_BUS
  return [
    { text: localTime(acceptedAt), style: 'dim' },
    { text: message.accountName ?? '', width: NAME_WIDTH, cut: true },
    { text: event.account, style: 'dim', width: ACCOUNT_WIDTH },
    { text: event.region, width: REGION_WIDTH },
    { text: busName, style: 'dim', width: BUS_WIDTH, max: BUS_WIDTH_MAX },
    { text: shortSource(event.source), style: 'cyan', width: SOURCE_WIDTH },
    { text: event['detail-type'], style: 'bold' },
    words(message),
  ]
}

/** Leaves out what is mostly the same, and what the source says already. */
function narrow(message: StreamMessage, accountName: string | undefined): readonly Part[] {
  const { event, bus, acceptedAt } = message
  const busName = shortBus(bus, event.account, accountName)
  const source = shortSource(event.source)
  return [
    { text: localTime(acceptedAt), style: 'dim' },
    { text: message.accountName ?? event.account, width: NAME_WIDTH, cut: true },
    { text: event.region, width: REGION_WIDTH },
    {
      text: busName === undefined || busName === source ? '' : `>${busName}`,
      style: 'dim',
      max: BUS_WIDTH_MAX,
    },
    { text: source.replace(/^aws\./, ''), style: 'cyan' },
    { text: event['detail-type'].replace(/^\w+: /, ''), style: 'bold' },
    words(message),
  ]
}

function words({ event }: StreamMessage): Part {
  const text = detailWords(event).join(' ')
  return { text, ...(TROUBLE.test(text) && { style: 'red' as const }) }
}

/** Undefined for the default bus of the event's own account: where events mostly are. */
function shortBus(
  arn: string,
  account: string,
  accountName: string | undefined,
): string | undefined {
  const bus = parseBusArn(arn)
  if (bus === undefined) return arn
  const name = shortSource(bus.name)
  if (bus.account === account) return name === DEFAULT_BUS ? undefined : name
  const owner = accountName ?? bus.account
  return name === DEFAULT_BUS ? owner : `${name}@${owner}`
}

/** `aws.partner/stax.io/111122223333/default` is `stax.io`. */
export function shortSource(source: string): string {
  return /^aws\.partner\/([^/]+)\//.exec(source)?.[1] ?? source
}
