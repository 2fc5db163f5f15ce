import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'

import { DEFAULT_BUS, parseBusArn, parseRuleArn } from '#src/model/arn.ts'
import { action, commaSeparated, wholeNumber } from './call.ts'
import { styled, table } from './output.ts'
import type { Column } from './output.ts'
import { periodQuery, withPeriod } from './period.ts'
import type { PeriodOptions } from './period.ts'
import { counted } from './terminal-text.ts'

const DIMENSIONS = ['bus', 'account', 'region', 'source', 'detail-type', 'rule']
const LIMIT_DEFAULT = 20
const HOUR_MS = 3_600_000

interface VolumeOptions extends PeriodOptions {
  readonly by?: readonly string[]
  readonly sort: 'events' | 'bytes'
  readonly limit: number
}

interface Amount {
  readonly events: number
  readonly bytes: number
}

type Item = Readonly<Record<string, unknown>> &
  Amount & { readonly hours: readonly (Amount & { readonly from: number })[] }

interface Volume {
  readonly items: readonly Item[]
  readonly more: number
  readonly total: Amount
}

const HELP = `
An event counts on every event bus that it reached; --by bus tells them apart. --by rule counts an
event once for each rule that it matched.

Examples:
  belfry volume --since 24h
  belfry volume --by account,source --sort bytes
  belfry volume --by rule --since 7d --json`

export function addVolume(program: Command): void {
  withPeriod(
    program
      .command('volume')
      .description('tell how many events and bytes came, from where, and which rules they feed'),
  )
    .option('--by <dimensions>', `what to count by: ${DIMENSIONS.join(', ')}`, dimensions)
    .addOption(
      new Option('--sort <what>', 'what comes first')
        .choices(['events', 'bytes'])
        .default('events'),
    )
    .option('--limit <number>', 'how many lines at most', wholeNumber(1, 1_000), LIMIT_DEFAULT)
    .addHelpText('after', HELP)
    .action(
      action<VolumeOptions>(async ({ hub, output, options }) => {
        const { by: names = ['source'], sort, limit } = options
        const by = names.map((name) => (name === 'detail-type' ? 'detailType' : name))
        const query = { ...periodQuery(options), by, sort, limit }
        const volume = await hub.get<Volume>('/volume', query)
        await output.show(volume, () => volumeText(volume, by, output.width))
      }),
    )
}

function dimensions(text: string, before?: readonly string[]): readonly string[] {
  const names = commaSeparated(text, before)
  const unknown = names.find((name) => !DIMENSIONS.includes(name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(`"${unknown}" is none of ${DIMENSIONS.join(', ')}.`)
}

function volumeText({ items, more, total }: Volume, by: readonly string[], width: number): string {
  if (items.length === 0) return 'no event has been counted yet'
  const dimensionColumns = by.map((name): Column<Item> => ({
    title: name === 'detailType' ? 'DETAIL TYPE' : name.toUpperCase(),
    text: (item) => nameIn(String(item[name]), width),
  }))
  const rows = table(
    items,
    [
      ...dimensionColumns,
      { title: 'EVENTS', text: ({ events }) => String(events), align: 'right' },
      { title: 'BYTES', text: ({ bytes }) => bytesText(bytes), align: 'right' },
      { title: 'PER HOUR', text: hourly, optional: true },
    ],
    width,
  )
  const rest = more > 0 ? [styled('dim', `and ${more} more: --limit`)] : []
  const sum = styled('bold', `${counted(total.events, 'event')}, ${bytesText(total.bytes)}`)
  return [rows, ...rest, sum].join('\n')
}

/** On a terminal an ARN would be cut where its name stands. */
function nameIn(text: string, width: number): string {
  const rule = parseRuleArn(text)
  const bus = rule?.bus ?? parseBusArn(text)
  if (bus === undefined || !Number.isFinite(width)) return text
  const on = rule === undefined || bus.name === DEFAULT_BUS ? '' : ` on ${bus.name}`
  return `${rule?.rule ?? bus.name}${on} of ${bus.account} ${bus.region}`
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']
const UNIT = 1_000

function bytesText(bytes: number): string {
  const power = Math.min(
    UNITS.length - 1,
    Math.max(0, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(UNIT))),
  )
  const value = bytes / UNIT ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`
}

const BARS = '▁▂▃▄▅▆▇█'
const HOURS_SHOWN_MAX = 24

/** The last hours as bars, up to the newest in which there were any. */
function hourly({ hours }: Item): string {
  const [newest] = hours.slice(-1)
  if (newest === undefined) return ''
  const shown = hours.filter(({ from }) => from > newest.from - HOURS_SHOWN_MAX * HOUR_MS)
  const most = Math.max(...shown.map(({ events }) => events))
  const [first = newest] = shown
  const count = (newest.from - first.from) / HOUR_MS + 1
  return Array.from({ length: count }, (_, at) => {
    const hour = shown.find(({ from }) => from === first.from + at * HOUR_MS)
    if (hour === undefined) return ' '
    return BARS[Math.ceil((hour.events / most) * BARS.length) - 1] ?? ' '
  }).join('')
}
