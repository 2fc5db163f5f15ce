import { open, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type { Command } from 'commander'

import { COST_IMPORT_KEPT_DAYS } from '#src/model/cost-import.ts'
import type { CostImport, CostPeriodText, CostTotalText } from '#src/model/cost-import.ts'
import { isDay } from '#src/model/day.ts'
import { ZERO, formatMoney, parseMoney, sumOf } from '#src/model/money.ts'
import type { CostSource } from '#src/model/cost-source.ts'
import { pathOf } from './api-path.ts'
import { action, commaSeparated, givenOnly, wholeNumber } from './call.ts'
import type { Call } from './call.ts'
import { costImportText } from './cost-import-text.ts'
import { followImport } from './follow-import.ts'
import { addSampleBill } from './sample-bill.ts'
import { addCostSources } from './cost-sources.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { isBucketUrl, placeIn, withPlaceOptions } from './cost-place.ts'
import type { PlaceOptions } from './cost-place.ts'
import type { HubClient } from './hub-client.ts'
import { styled, table } from './output.ts'
import type { Column } from './output.ts'
import { createProgress } from './progress.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

/** What the hub takes of a file in one request is 8 MiB. */
const PART_BYTES = 4 * 1024 * 1024
const LIMIT_DEFAULT = 50
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

const DIMENSIONS: Readonly<Record<string, string>> = {
  day: 'day',
  export: 'exportName',
  month: 'month',
  provider: 'provider',
  'billing-account': 'billingAccountId',
  account: 'accountId',
  service: 'service',
  region: 'region',
  category: 'chargeCategory',
  frequency: 'chargeFrequency',
  class: 'chargeClass',
  meter: 'meter',
}

const HELP = `
Costs come from FOCUS 1.0 and later, and from AWS Cost and Usage Reports (legacy and 2.0), as CSV (plain,
gzip, zip) or Parquet. What one import brings of a billing period replaces what the same export told
of it before; the same files again change nothing.

  belfry costs import focus-2026-01.csv.gz --export focus
  belfry costs import --folder exports/2026-01 --export focus
  belfry costs import s3://acme-bills/exports --export focus --role arn:aws:iam::111122223333:role/bills
  belfry costs summary
  belfry costs summary --by service --from 2026-01-01 --to 2026-01-31`

export function addCosts(program: Command): void {
  const costs = program
    .command('costs')
    .description('import what cloud services cost, and show what there is')
    .addHelpText('after', HELP)
  addImport(costs)
  addSampleBill(costs)
  addImports(costs)
  addCancel(costs)
  addCostSources(costs)
  addSummary(costs)
  addDelete(costs)
}

interface ImportOptions extends PlaceOptions {
  readonly export: string
  readonly organisation?: string
  readonly tagKey?: readonly string[]
  readonly wait?: boolean
}

function addImport(costs: Command): void {
  const command = costs
    .command('import')
    .description(
      'import files, a folder of the hub, or an export in S3: all files of a state at once',
    )
    .argument('[files...]', 'to be uploaded, or a URL such as s3://bucket/prefix')
    .requiredOption('--export <name>', 'whose billing periods the files restate')
  withPlaceOptions(command)
    .option('--organisation <organisation>', 'whose costs: id or alias')
    .option('--tag-key <keys>', 'tell costs apart by these tag keys only', commaSeparated)
    .option('--no-wait', 'answer once the import is started')
    .action(
      action<ImportOptions>(async (call, named: readonly string[]) => {
        const { hub, output, options } = call
        const { tagKey: tagKeys, organisation } = options
        const [url] = named.filter(isBucketUrl)
        const files = named.filter((file) => file !== url)
        const place = placeIn(url, options)
        if ((files.length === 0) === (place === undefined)) {
          throw new UsageFault(
            'name files to upload, one URL such as s3://bucket/prefix, or a folder of the hub with --folder',
          )
        }
        const given = {
          organisationId: (await organisationBy(hub, organisation)).id,
          exportName: options.export,
          from: place ?? { kind: 'upload' },
          ...givenOnly({ tagKeys }),
        }
        checkNames(files)
        await refuseFolders(files)
        const { id } = await hub.post<CostImport>('/cost-imports', given)
        if (files.length > 0) await uploadOrCancel(hub, id, files)
        const ended = options.wait === false ? undefined : await followImport(hub, id)
        const shown = ended ?? (await hub.get<CostImport>(`/cost-imports/${id}`))
        await output.show(shown, () => costImportText(shown))
      }),
    )
}

function checkNames(files: readonly string[]): void {
  const names = files.map((file) => basename(file))
  const odd = names.find((name) => !FILE_NAME.test(name))
  if (odd !== undefined) {
    throw new UsageFault(
      `"${odd}" must be letters, digits, dots, dashes and underscores: rename it`,
    )
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new UsageFault(`two files are called "${twice}": rename one`)
}

/** Before an import is begun, which would be left without files. */
async function refuseFolders(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const found = await stat(file).catch((error: Error) => {
      throw new UsageFault(`the file cannot be read: ${error.message}`, { cause: error })
    })
    if (!found.isDirectory()) continue
    throw new UsageFault(
      `"${file}" is a folder: name its files, such as ${join(file, '*.csv.gz')}; --folder is for folders of the hub`,
    )
  }
}

/** An upload that breaks off is of no use: it would count as one that has not ended for a day. */
async function uploadOrCancel(hub: HubClient, id: string, files: readonly string[]): Promise<void> {
  try {
    await upload(hub, id, files)
  } catch (error) {
    // Where the hub is gone it gives the upload up by itself.
    await hub.delete(`/cost-imports/${id}`).catch(() => undefined)
    throw error
  }
}

async function upload(hub: HubClient, id: string, files: readonly string[]): Promise<void> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const progress = createProgress(
    'uploading',
    sizes.reduce((sum, size) => sum + size, 0),
  )
  let sent = 0
  try {
    for (const path of files) {
      const file = await open(path)
      try {
        const part = Buffer.alloc(PART_BYTES)
        for (let offset = 0; ;) {
          const { bytesRead } = await file.read(part, 0, PART_BYTES, offset)
          // An empty file is sent too, so that the hub can say that it is.
          if (bytesRead === 0 && offset > 0) break
          const bytes = part.subarray(0, bytesRead)
          await hub.putBytes(`/cost-imports/${id}/files/${basename(path)}`, bytes, { offset })
          offset += bytesRead
          progress.update((sent += bytesRead))
          if (bytesRead === 0) break
        }
      } finally {
        await file.close()
      }
    }
  } finally {
    progress.stop()
  }
  await hub.post(`/cost-imports/${id}/start`)
}

function addImports(costs: Command): void {
  costs
    .command('imports')
    .description(
      `list imports, the newest first, or show one: what it read, skipped and replaced; they are kept for ${COST_IMPORT_KEPT_DAYS} days, and longer while costs are what they brought`,
    )
    .argument('[id]', 'of an import')
    .option('--organisation <organisation>', 'whose: id or alias')
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIMIT_DEFAULT)
    .action(
      action<{ organisation?: string; limit: number }>(async (call, id?: string) => {
        const { hub, output, options } = call
        if (id !== undefined) {
          const found = await hub.get<CostImport>(pathOf('/cost-imports', id))
          await output.show(found, () => costImportText(found))
          return
        }
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { limit } = options
        const path = '/cost-imports'
        const { items, more } = await hub.listFirst<CostImport>(path, { organisationId }, limit)
        await output.show(items, () =>
          items.length === 0
            ? 'no imports yet: make one with "belfry costs import"'
            : table(items, IMPORT_COLUMNS, output.width),
        )
        if (more) output.note(`there are more: --limit ${limit * 10}`)
      }),
    )
}

const IMPORT_COLUMNS: readonly Column<CostImport>[] = [
  { title: 'STARTED', text: ({ createdAt }) => localMoment(createdAt) },
  { title: 'EXPORT', text: ({ exportName }) => exportName, style: () => 'cyan' },
  { title: 'STATUS', text: ({ status }) => status },
  {
    title: 'ROWS',
    text: ({ report, progress }) => String(report?.rowsRead ?? progress?.rows ?? ''),
    align: 'right',
  },
  { title: 'SKIPPED', text: ({ report }) => String(report?.rowsSkipped ?? ''), align: 'right' },
  {
    title: 'MONTHS',
    text: ({ report, error }) =>
      error ?? report?.periods.map(({ month }) => month).join(', ') ?? '',
  },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]

function addCancel(costs: Command): void {
  costs
    .command('cancel')
    .description('cancel an import that has not ended: billing periods stay as they were')
    .argument('<import>', 'its id, as "belfry costs imports" shows it')
    .action(
      action(async ({ hub, output }, id: string) => {
        await hub.delete(pathOf('/cost-imports', id))
        await output.show(
          { cancelled: id },
          () => `cancelled the import ${id}: billing periods are as they were`,
        )
      }),
    )
}

interface SummaryOptions {
  readonly organisation?: string
  readonly by?: readonly string[]
  readonly from?: string
  readonly to?: string
}

type Sum = CostTotalText & Readonly<Record<string, string>>

function addSummary(costs: Command): void {
  costs
    .command('summary')
    .description('show billing periods with their totals, or sums of days by dimensions')
    .option('--organisation <organisation>', 'whose costs: id or alias')
    .option(
      '--by <dimensions>',
      `sum up by these: ${Object.keys(DIMENSIONS).join(', ')}`,
      commaSeparated,
    )
    .option(
      '--from <day>',
      'the first day of sums, such as 2026-01-01 (default: the first there is)',
    )
    .option('--to <day>', 'the last day of sums (default: the last there is)')
    .action(
      action<SummaryOptions>(async (call) => {
        const { options } = call
        if (options.by !== undefined) return showSums(call, options.by)
        if (options.from !== undefined || options.to !== undefined) {
          throw new UsageFault('--from and --to go with --by, such as --by service')
        }
        return showPeriods(call)
      }),
    )
}

async function showPeriods({ hub, output, options }: Call<SummaryOptions>): Promise<void> {
  const { items } = await periodsOf(hub, options.organisation)
  const rows = items.flatMap((period) => period.totals.map((total) => ({ ...period, ...total })))
  await output.show(items, () =>
    rows.length === 0
      ? 'no costs yet: import some with "belfry costs import"'
      : `${headText('billing periods')}\n\n${table(pointsAligned(rows), [...PERIOD_COLUMNS, ...COST_COLUMNS], output.width)}`,
  )
}

async function periodsOf(hub: HubClient, organisation: string | undefined) {
  const { id: organisationId } = await organisationBy(hub, organisation)
  const items = await hub.listAll<CostPeriodText>('/cost-periods', { organisationId })
  return { organisationId, items }
}

async function showSums(call: Call<SummaryOptions>, names: readonly string[]): Promise<void> {
  const { hub, output, options } = call
  const by = names.map((name) => {
    const dimension = DIMENSIONS[name]
    if (dimension !== undefined) return { name, dimension }
    throw new UsageFault(`"${name}" is none of ${Object.keys(DIMENSIONS).join(', ')}`)
  })
  const { organisationId, items: periods } = await periodsOf(hub, options.organisation)
  const from = options.from ?? periods.map(({ firstDay }) => firstDay).toSorted()[0]
  const to =
    options.to ??
    periods
      .map(({ lastDay }) => lastDay)
      .toSorted()
      .at(-1)
  if (from === undefined || to === undefined) {
    throw new CommandFault('no costs yet: import some with "belfry costs import"')
  }
  if (isDay(from) && isDay(to) && from > to) throw backwards(options, { from, to })
  const query = { organisationId, from, to, by: by.map(({ dimension }) => dimension) }
  const { items } = await hub.get<{ items: readonly Sum[] }>('/cost-sums', query)
  const columns = by.map(({ name, dimension }): Column<Sum> => ({
    title: name.toUpperCase(),
    text: (sum) => sum[dimension] || '(none)',
  }))
  const times = by.filter(({ name }) => name === 'day' || name === 'month')
  const timeOf = (sum: Sum) => times.map(({ dimension }) => sum[dimension] ?? '').join(' ')
  // They come by cost; days and months are read as they follow each other.
  const inOrder = items.toSorted((a, b) =>
    timeOf(a) < timeOf(b) ? -1 : Number(timeOf(a) > timeOf(b)),
  )
  const rows = pointsAligned([...inOrder, ...totalsOf(items, by)])
  await output.show(items, () =>
    items.length === 0
      ? `no costs from ${from} to ${to}`
      : `${headText(`costs from ${from} to ${to}`)}\n\n${table(rows, [...columns, ...COST_COLUMNS], output.width)}`,
  )
}

/** A row for each currency that has several; other dimensions than the first are blank. */
function totalsOf(
  items: readonly Sum[],
  by: readonly { readonly dimension: string }[],
): readonly Sum[] {
  const names = by.map(({ dimension }, at) => [dimension, at === 0 ? 'Total' : ' '])
  return [...Map.groupBy(items, ({ currency }) => currency)].flatMap(([currency, ofCurrency]) => {
    if (ofCurrency.length < 2) return []
    const total = (part: 'billedCost' | 'effectiveCost') =>
      formatMoney(sumOf(ofCurrency.map((sum) => parseMoney(sum[part]) ?? ZERO)))
    const [billedCost, effectiveCost] = [total('billedCost'), total('effectiveCost')]
    return [{ ...Object.fromEntries(names), currency, billedCost, effectiveCost }]
  })
}

/** With blanks behind the amounts, so that in a column their points are below each other. */
function pointsAligned<T extends CostTotalText>(rows: readonly T[]): readonly T[] {
  const decimalsOf = (text: string) => (text.includes('.') ? text.length - text.indexOf('.') : 0)
  const aligner = (part: 'billedCost' | 'effectiveCost') => {
    const most = Math.max(0, ...rows.map((row) => decimalsOf(row[part])))
    return (row: T) => row[part] + ' '.repeat(most - decimalsOf(row[part]))
  }
  const [billed, effective] = [aligner('billedCost'), aligner('effectiveCost')]
  return rows.map((row) => ({ ...row, billedCost: billed(row), effectiveCost: effective(row) }))
}

/** Days that were given are named as such, and else what there are costs of. */
function backwards(
  given: Pick<SummaryOptions, 'from' | 'to'>,
  { from, to }: { readonly from: string; readonly to: string },
): Error {
  if (given.to === undefined) {
    return new UsageFault(`there are no costs from ${from} on: the last are of ${to}`)
  }
  if (given.from === undefined) {
    return new UsageFault(`there are no costs up to ${to}: the first are of ${from}`)
  }
  return new UsageFault(`--from ${from} is after --to ${to}: the first day goes with --from`)
}

function headText(of: string): string {
  return styled('bold', `${of}, all charges: billed as invoiced, effective as amortised`)
}

const PERIOD_COLUMNS: readonly Column<CostPeriodText>[] = [
  { title: 'MONTH', text: ({ month }) => month, style: () => 'cyan' },
  { title: 'EXPORT', text: ({ exportName }) => exportName },
  { title: 'COMPLETE THROUGH', text: ({ completeThrough = '' }) => completeThrough },
  { title: 'ROWS', text: ({ rows }) => String(rows), align: 'right', optional: true },
]
const COST_COLUMNS: readonly Column<CostTotalText>[] = [
  { title: 'BILLED', text: ({ billedCost }) => billedCost, align: 'right' },
  { title: 'EFFECTIVE', text: ({ effectiveCost }) => effectiveCost, align: 'right' },
  { title: 'CURRENCY', text: ({ currency }) => currency },
]

function addDelete(costs: Command): void {
  costs
    .command('delete')
    .description('take away the costs of a billing period of an export')
    .argument('<month>', 'such as 2026-01')
    .requiredOption('--export <name>', 'of which export')
    .option('--organisation <organisation>', 'whose costs: id or alias')
    .action(
      action<{ export: string; organisation?: string }>(
        async ({ hub, output, options }, month: string) => {
          const { id: organisationId } = await organisationBy(hub, options.organisation)
          const query = new URLSearchParams({ organisationId, exportName: options.export })
          await hub.delete(pathOf('/cost-periods', month, `?${query.toString()}`))
          const sources = await hub.listAll<CostSource>('/cost-sources', { organisationId })
          const isRead = sources.some(({ exportName }) => exportName === options.export)
          const deleted = `deleted ${month} of ${options.export}`
          await output.show({ deleted: month }, () =>
            isRead
              ? `${deleted}; its cost source brings it back only when its bill changes: "belfry costs sources delete ${options.export}" ends that too`
              : deleted,
          )
        },
      ),
    )
}
