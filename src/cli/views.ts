import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { ZERO, formatMoney, parseMoney, roundedMoney, timesRatio } from '#src/model/money.ts'
import type {
  Condition,
  CostMeasure,
  Segment,
  Split,
  View,
  ViewDimension,
} from '#src/model/view.ts'
import { COST_MEASURES } from '#src/model/view.ts'
import { action, givenOnly, oneOf } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { readDocument } from './document-input.ts'
import { addListCommand } from './list-command.ts'
import { fields, styled, table, tablesBelow } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy, viewBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REFERENCE = 'its name, number or id'
const FILE = 'YAML or JSON, or - for standard input'

export function addViews(program: Command): void {
  const views = program
    .command('views')
    .description('list, show, create, update, delete views of costs and resources, and ask them')
    .addHelpText(
      'after',
      `
A view parts costs and resources into segments: each falls in the first that matches it, and in
Unallocated where none does.

  name: Teams                       name: Environments
  kind: SINGLE_DIMENSION            kind: MULTI_DIMENSION
  dimension:                        segments:
    dimension: RESOURCE_TAG           - title: Production
    key: team                           match:       # any of these combinations
  segments:                               - - { dimension: ACCOUNT_TAG, key: stage,
    - title: Shop                                   operator: EQUALS, values: [prod] }
      values: [shop, checkout]              - { dimension: REGION, operator: PREFIX,
    - title: Platform                               values: [eu-] }
      values: [platform]                  - - { dimension: SERVICE, operator: CONTAINS,
      split: { method: EVEN }                       values: [Support] }

  belfry views create --file teams.yaml
  belfry views costs Teams --granularity month --from 2026-01-01`,
    )

  addListCommand<View>(views, {
    path: '/views',
    description: 'list views',
    none: 'no views: make one with "belfry views create"',
    columns: COLUMNS,
    lastColumns: [ID_COLUMN],
  })

  views
    .command('show')
    .description('show a view and its segments')
    .argument('<view>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const view = await viewBy(hub, reference)
        await output.show(view, () => shown(view))
      }),
    )

  addCreate(views)
  addUpdate(views)

  views
    .command('delete')
    .description('delete a view that no budget or spike detector looks at')
    .argument('<view>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await viewBy(hub, reference)
        await hub.delete(`/views/${id}`)
        await output.show({ deleted: id }, () => `deleted the view "${name}"`)
      }),
    )

  addCosts(views)
  addExplain(views)
}

function addCreate(views: Command): void {
  views
    .command('create')
    .description('make a view of what a file says')
    .requiredOption('--file <file>', FILE)
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<{ file: string; organisation?: string }>(async ({ hub, output, options }) => {
        const given = await readDocument(options.file, 'view')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const view = await hub.post<View>('/views', { organisationId, ...given })
        await output.show(view, () => shown(view))
      }),
    )
}

interface UpdateOptions {
  readonly file?: string
  readonly name?: string
  readonly description?: string
}

function addUpdate(views: Command): void {
  views
    .command('update')
    .description('edit a view, which makes a new version of it')
    .argument('<view>', REFERENCE)
    .option('--file <file>', `what is to be so: ${FILE}; its kind stays as it is`)
    .option('--name <name>', 'new name')
    .option('--description <text>', 'what it is for')
    .action(
      action<UpdateOptions>(async ({ hub, output, options }, reference: string) => {
        const { file, name, description } = options
        if ([file, name, description].every((each) => each === undefined)) {
          throw new UsageFault('nothing to change: give --file, --name or --description')
        }
        const before = await viewBy(hub, reference)
        const { kind = before.kind, ...given } = file ? await readDocument(file, 'view') : {}
        if (kind !== before.kind) {
          throw new UsageFault(
            `the view is ${before.kind} and stays so: make a new one for ${String(kind)}`,
          )
        }
        const change = { ...given, ...givenOnly({ name, description }) }
        const view = await hub.patch<View>(`/views/${before.id}`, change)
        await output.show(view, () => shown(view))
      }),
    )
}

interface CostsOptions {
  readonly from?: string
  readonly to?: string
  readonly granularity?: string
  readonly measure?: string
}

interface CostsAnswer {
  readonly from: string
  readonly to: string
  readonly measure: CostMeasure
  readonly periods: readonly string[]
  readonly viewVersion: number
  readonly completeThrough?: string
  readonly currencies: readonly {
    readonly currency: string
    readonly total: readonly string[]
    readonly segments: readonly SegmentCosts[]
  }[]
}
interface SegmentCosts {
  readonly segmentTitle: string
  readonly costs: readonly string[]
  readonly sum: string
}

function addCosts(views: Command): void {
  views
    .command('costs')
    .description('costs of the segments of a view, after shared costs were split')
    .argument('<view>', REFERENCE)
    .option('--from <day>', 'the first day, such as 2026-01-01 (default: of the month of --to)')
    .option('--to <day>', 'the last day (default: today)')
    .option('--granularity <granularity>', 'day or month (default: day)', oneOf(['day', 'month']))
    .option(
      '--measure <measure>',
      `${COST_MEASURES.join(', ')}: usage amortised, all amortised, as invoiced (default: USAGE)`,
      oneOf(COST_MEASURES),
    )
    .action(
      action<CostsOptions>(async ({ hub, output, options }, reference: string) => {
        const { from, to, granularity, measure } = options
        const { id, name } = await viewBy(hub, reference)
        const asked = givenOnly({ from, to, granularity, measure })
        const answer = await hub.get<CostsAnswer>(`/views/${id}/costs`, asked)
        await output.show(answer, () => costsShown(name, answer, output.width))
      }),
    )
}

interface ExplainOptions {
  readonly account: string
  readonly service?: string
  readonly region?: string
  readonly tag?: Readonly<Record<string, string | true>>
}

interface Explanation {
  readonly viewVersion: number
  readonly tried: readonly {
    readonly segmentTitle: string
    readonly matched: boolean
    readonly reason: string
  }[]
}

function addExplain(views: Command): void {
  views
    .command('explain')
    .description('why something falls in the segment that it falls in')
    .argument('<view>', REFERENCE)
    .requiredOption('--account <id>', 'the AWS account that it is in')
    .option('--service <service>', 'as costs call it')
    .option('--region <region>', 'such as eu-west-1')
    .option('--tag <key=value>', 'of the resource; again for more; a key alone has no value', tags)
    .action(
      action<ExplainOptions>(async ({ hub, output, options }, reference: string) => {
        const { account: accountId, service, region, tag } = options
        const { id } = await viewBy(hub, reference)
        const subject = { accountId, ...givenOnly({ service, region, tags: tag }) }
        const answer = await hub.post<Explanation>(`/views/${id}/explain`, subject)
        await output.show(answer, () => table(answer.tried, TRIED_COLUMNS, output.width))
      }),
    )
}

/** A parser of an option that is given again for each tag. */
function tags(
  text: string,
  before: Readonly<Record<string, string | true>> = {},
): Readonly<Record<string, string | true>> {
  const [key = '', ...value] = text.split('=')
  if (key === '') throw new InvalidArgumentError('It must be key=value, or a key alone.')
  return { ...before, [key]: value.length === 0 ? true : value.join('=') }
}

const TRIED_COLUMNS: readonly Column<Explanation['tried'][number]>[] = [
  {
    title: '',
    text: ({ matched }) => (matched ? 'yes' : 'no'),
    style: ({ matched }) => (matched ? 'green' : 'dim'),
  },
  { title: 'SEGMENT', text: ({ segmentTitle }) => segmentTitle, style: () => 'cyan' },
  { title: 'WHY', text: ({ reason }) => reason, wraps: true },
]

const MEASURE_WORDS = {
  USAGE: 'usage, amortised',
  ALL: 'all charges, amortised',
  BILLED: 'all charges as invoiced',
} as const satisfies Record<CostMeasure, string>

const DECIMALS_SHOWN = 2
const amount = (text: string) => roundedMoney(parseMoney(text) ?? ZERO, DECIMALS_SHOWN)

function costsShown(name: string, answer: CostsAnswer, width: number): string {
  const { periods, currencies, completeThrough, viewVersion, from, to: last, measure } = answer
  const to =
    completeThrough === undefined ? 'no day is complete yet' : `complete through ${completeThrough}`
  const what = `${MEASURE_WORDS[measure]} (${measure}), from ${from} to ${last}`
  const head = `${name}, version ${viewVersion}; ${what}; ${to}`
  if (currencies.length === 0) return `${head}\nno costs in these days`
  const parts = currencies.map(({ currency, segments, total }) => {
    const whole = total.reduce((sum, one) => sum + (parseMoney(one) ?? ZERO), ZERO)
    const segment: Column<SegmentCosts> = {
      title: 'SEGMENT',
      text: ({ segmentTitle }) => segmentTitle,
      style: () => 'cyan',
    }
    const columns: Column<SegmentCosts>[] = [
      { title: currency, text: ({ sum }) => amount(sum), align: 'right' },
      { title: '%', text: ({ sum }) => shareOf(sum, whole), align: 'right' },
      ...periods.map((title, at) => ({
        title,
        align: 'right' as const,
        text: ({ costs }: SegmentCosts) => amount(costs[at] ?? '0'),
      })),
    ]
    const all = { segmentTitle: 'Total', costs: total, sum: formatMoney(whole) }
    return tablesBelow([...segments, all], { first: segment, columns, width })
  })
  return [styled('bold', head), ...parts].join('\n\n')
}

const HUNDRED_PER_CENT = parseMoney('100') ?? ZERO

function shareOf(sum: string, whole: bigint): string {
  if (whole === ZERO) return ''
  const part = parseMoney(sum) ?? ZERO
  return roundedMoney(timesRatio(HUNDRED_PER_CENT, part, whole), 1)
}

const COLUMNS: readonly Column<View>[] = [
  { title: 'NO', text: ({ number }) => String(number), align: 'right' },
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'VERSION', text: ({ version }) => String(version), align: 'right' },
  { title: 'BY', text: ({ dimension }) => (dimension ? dimensionText(dimension) : 'conditions') },
  { title: 'SEGMENTS', text: ({ segments }) => String(segments.length), align: 'right' },
  { title: 'DESCRIPTION', text: ({ description = '' }) => description, optional: true },
]
const ID_COLUMN: Column<View> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function shown(view: View): string {
  const head = fields(
    {
      view: view.name,
      description: view.description,
      number: String(view.number),
      version: String(view.version),
      by: view.dimension ? dimensionText(view.dimension) : 'conditions',
      id: view.id,
      organisation: view.organisationId,
      created: localMoment(view.createdAt),
      changed: localMoment(view.modifiedAt),
    },
    { view: 'cyan' },
  )
  return `${head}\n\n${table(view.segments, SEGMENT_COLUMNS)}`
}

const SEGMENT_COLUMNS: readonly Column<Segment>[] = [
  { title: 'NO', text: ({ number }) => String(number), align: 'right' },
  { title: 'SEGMENT', text: ({ title }) => title, style: () => 'cyan' },
  { title: 'TAKES', text: takes },
  { title: 'SPLIT', text: ({ split }) => (split === undefined ? '' : splitText(split)) },
]

function takes({ values, match }: Segment): string {
  if (values !== undefined) return values.join(', ')
  if (match === undefined) return 'what no other takes'
  return match.map((all) => all.map(conditionText).join(' and ')).join('; or ')
}

function conditionText(condition: Condition): string {
  const { operator, values = [] } = condition
  return [dimensionText(condition), operator.toLowerCase(), values.join('|')].join(' ').trim()
}

function splitText({ method, over = [] }: Split): string {
  const bearers = over.map(({ segment, percent }) =>
    percent === undefined ? segment : `${segment} ${percent} %`,
  )
  return [method.toLowerCase(), bearers.join(', ')].join(' ').trim()
}

function dimensionText({ dimension, key }: ViewDimension): string {
  const name = dimension.toLowerCase().replace('_', ' ')
  return key === undefined ? name : `${name} "${key}"`
}
