import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { createGzip } from 'node:zlib'

import { parse } from 'csv-parse/sync'
import { ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { fileWriter } from 'hyparquet-writer/src/node.js'
import { gunzipSync } from 'node:zlib'

import { formatMoney, parseMoney, timesRatio } from '#src/model/money.ts'
import { between, createRandom } from '../pattern/random.ts'

/** A day on which a service costs more than it should, for who tests what finds such days. */
export interface PlantedSpike {
  readonly day: string
  readonly service: string
  /** How many times as much as otherwise, in percent. */
  readonly percent: number
}

export interface GrownBill {
  /** Names of the columns of FOCUS, those of the sample. */
  readonly columns: readonly string[]
  readonly days: number
  readonly spikes: readonly PlantedSpike[]
  /** Rows in the order of their days, the same for the same seed. */
  rows(count: number): Generator<Readonly<Record<string, string>>>
}

export interface GrowOptions {
  readonly seed: number
  /** The first month is this one, `YYYY-MM`. */
  readonly from?: string
  readonly months?: number
}

const SAMPLE = new URL('../../samples/costs/focus-1.0.csv.gz', import.meta.url)
const MS_PER_HOUR = 3_600_000
const HOURS_PER_DAY = 24
const MONTHS = 24
const SPIKES = 12
/** Of a weekday's costs, in percent, from Sunday on. */
const WEEK = [70, 100, 103, 104, 102, 98, 72]
const MONTHLY_GROWTH_PERCENT = 2
const COSTS = ['BilledCost', 'EffectiveCost', 'ListCost', 'ContractedCost']

/** Grows the sample of FOCUS to months of it, with the shape of weeks, growth, and spikes. */
export function grownBill({ seed, from = '2024-01', months = MONTHS }: GrowOptions): GrownBill {
  const sample: readonly Record<string, string>[] = parse(gunzipSync(readFileSync(SAMPLE)), {
    columns: true,
  })
  const usage = sample.filter((row) => row['ChargeFrequency'] === 'Usage-Based')
  const services = [...new Set(usage.map((row) => row['ServiceName'] ?? ''))]
  const random = createRandom(seed)
  const [year, month] = from.split('-').map(Number) as [number, number]
  const start = Date.UTC(year, month - 1, 1)
  const days = (Date.UTC(year, month - 1 + months, 1) - start) / MS_PER_HOUR / HOURS_PER_DAY
  const dayOf = (number: number) =>
    isoTime(start + number * HOURS_PER_DAY * MS_PER_HOUR).slice(0, 10)
  // Not in the first two months, in which there is nothing to compare them with.
  const spikes = Array.from({ length: SPIKES }, () => ({
    day: dayOf(between(random, Math.min(60, days - 1), days)),
    service: services[between(random, 0, services.length)] as string,
    percent: between(random, 200, 600),
  }))
  return {
    columns: Object.keys(sample[0] ?? {}),
    days,
    spikes,
    rows: function* (count) {
      const draw = createRandom(seed + 1)
      for (let number = 0; number < count; number += 1) {
        const hour = Math.floor((number / count) * days * HOURS_PER_DAY)
        const template = usage[between(draw, 0, usage.length)] as Record<string, string>
        yield rowAt(template, start + hour * MS_PER_HOUR, { start, spikes })
      }
    },
  }
}

function rowAt(
  template: Readonly<Record<string, string>>,
  at: number,
  { start, spikes }: { readonly start: number; readonly spikes: readonly PlantedSpike[] },
): Readonly<Record<string, string>> {
  const time = new Date(at)
  const day = isoTime(at).slice(0, 10)
  const monthsOn =
    (time.getUTCFullYear() - new Date(start).getUTCFullYear()) * 12 +
    time.getUTCMonth() -
    new Date(start).getUTCMonth()
  const spike = spikes.find((one) => one.day === day && one.service === template['ServiceName'])
  const percent =
    (((WEEK[time.getUTCDay()] ?? 100) * (100 + monthsOn * MONTHLY_GROWTH_PERCENT)) / 100) *
    ((spike?.percent ?? 100) / 100)
  const costs = COSTS.map((name) => {
    const amount = parseMoney(template[name] ?? '0') ?? 0n
    return [name, formatMoney(timesRatio(amount, BigInt(Math.round(percent)), 100n))]
  })
  return {
    ...template,
    ...Object.fromEntries(costs),
    BillingPeriodStart: isoTime(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 1)),
    BillingPeriodEnd: isoTime(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 1)),
    ChargePeriodStart: isoTime(at),
    ChargePeriodEnd: isoTime(at + MS_PER_HOUR),
  }
}

function isoTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}

const LINES_PER_WRITE = 1_000
/** As AWS writes them, or so. */
const GROUP_ROWS = 100_000

export async function writeCsvGz(bill: GrownBill, count: number, path: string): Promise<void> {
  const gzip = createGzip({ level: 1 })
  const file = gzip.pipe(createWriteStream(path))
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  let lines = [bill.columns.join(',')]
  const flush = async () => {
    if (!gzip.write(`${lines.join('\n')}\n`)) await once(gzip, 'drain')
    lines = []
  }
  for (const row of bill.rows(count)) {
    lines.push(bill.columns.map((name) => quoted(row[name] ?? '')).join(','))
    if (lines.length >= LINES_PER_WRITE) await flush()
  }
  await flush()
  gzip.end()
  await once(file, 'finish')
}

export function writeParquet(bill: GrownBill, count: number, path: string): void {
  const columnsOf = (rows: readonly Readonly<Record<string, string>>[]) =>
    bill.columns.map((name) => {
      const texts = rows.map((row) => row[name] ?? '')
      if (COSTS.includes(name)) return { name, data: texts.map(Number), type: 'DOUBLE' as const }
      if (/Period(Start|End)$/.test(name)) {
        return { name, data: texts.map((text) => new Date(text)), type: 'TIMESTAMP' as const }
      }
      const data = texts.map((text) => (text === 'NULL' ? undefined : text))
      return { name, data, type: 'STRING' as const, nullable: true }
    })
  let writer: ParquetWriter | undefined
  let rows: Readonly<Record<string, string>>[] = []
  const flush = () => {
    const columnData = columnsOf(rows)
    writer ??= new ParquetWriter({
      writer: fileWriter(path),
      schema: schemaFromColumnData({ columnData }),
    })
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS })
    rows = []
  }
  for (const row of bill.rows(count)) {
    rows.push(row)
    if (rows.length >= GROUP_ROWS) flush()
  }
  if (rows.length > 0) flush()
  void writer?.finish()
}
