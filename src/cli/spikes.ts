import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { DETECTOR_DEFAULTS, SCORE_DEFAULTS, SPIKE_METHODS } from '#src/model/budget.ts'
import type { SpikeDetector } from '#src/model/budget.ts'
import { ZERO, parseMoney, roundedMoney } from '#src/model/money.ts'
import { action, givenOnly, oneOf } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy, spikeDetectorBy, viewBy } from './references.ts'
import { counted, localMoment } from './terminal-text.ts'
import { viewTitles } from './view-titles.ts'
import type { ViewTitles } from './view-titles.ts'

const REFERENCE = 'its name, number or id'

export function addSpikes(program: Command): void {
  const spikes = program
    .command('spikes')
    .description('list, show, create, update, delete, backtest detectors of cost spikes')
    .addHelpText(
      'after',
      `
A detector looks for days that cost much more than days like them: in the organisation as a whole,
in each account, or in each segment of a view. Fees are left out. A spike is an event CostSpikeEvent
when it begins, with each further day, and when two days are as usual again.

  belfry spikes create Accounts --accounts
  belfry spikes create Teams --view Teams --minimum-impact 100
  belfry spikes backtest Accounts --score 4`,
    )

  addListCommand<SpikeDetector>(spikes, {
    path: '/spike-detectors',
    description: 'list spike detectors',
    none: 'no spike detectors: make one with "belfry spikes create"',
    columns: async (hub) => columns(await viewTitles(hub)),
    lastColumns: [ID_COLUMN],
  })

  spikes
    .command('show')
    .description('show a spike detector')
    .argument('<detector>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const detector = await spikeDetectorBy(hub, reference)
        const text = await shown(hub, detector)
        await output.show(detector, () => text)
      }),
    )

  addCreate(spikes)
  addUpdate(spikes)

  spikes
    .command('delete')
    .description('delete a spike detector')
    .argument('<detector>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await spikeDetectorBy(hub, reference)
        await hub.delete(`/spike-detectors/${id}`)
        await output.show({ deleted: id }, () => `deleted the spike detector "${name}"`)
      }),
    )

  addBacktest(spikes)
}

interface SettingOptions {
  readonly method?: string
  readonly score?: number
  readonly minimumImpact?: string
  readonly minimumPercent?: number
  readonly minimumNewSpend?: string
}

function withSettings(command: Command): Command {
  const { WEEKDAY_MEDIAN, Z_SCORE } = SCORE_DEFAULTS
  return command
    .option('--method <method>', 'WEEKDAY_MEDIAN (default) or Z_SCORE', oneOf(SPIKE_METHODS))
    .option(
      '--score <score>',
      `from how many usual deviations on (default: ${WEEKDAY_MEDIAN}, or ${Z_SCORE} of Z_SCORE)`,
      number,
    )
    .option(
      '--minimum-impact <amount>',
      `what a day must cost more (default: ${DETECTOR_DEFAULTS.minimumImpact})`,
    )
    .option(
      '--minimum-percent <percent>',
      `the same in per cent (default: ${DETECTOR_DEFAULTS.minimumPercent})`,
      number,
    )
    .option(
      '--minimum-new-spend <amount>',
      `where there was nothing before (default: ${DETECTOR_DEFAULTS.minimumNewSpend})`,
    )
}

const settingsOf = (options: SettingOptions) => {
  const { method, score, minimumImpact, minimumPercent, minimumNewSpend } = options
  return givenOnly({ method, score, minimumImpact, minimumPercent, minimumNewSpend })
}

interface CreateOptions extends SettingOptions {
  readonly organisation?: string
  readonly accounts?: boolean
  readonly view?: string
  readonly currency?: string
  readonly description?: string
}

function addCreate(spikes: Command): void {
  withSettings(
    spikes
      .command('create')
      .description('look for spikes: in the organisation as a whole, unless it is said where')
      .argument('<name>')
      .option('--accounts', 'in each account')
      .option('--view <view>', `in each segment of this view: ${REFERENCE}`)
      .option('--currency <currency>', `default: ${DETECTOR_DEFAULTS.currency}`)
      .option('--description <text>', 'what it is for')
      .option('--organisation <organisation>', 'whose: id or alias'),
  ).action(
    action<CreateOptions>(async ({ hub, output, options }, name: string) => {
      const { accounts = false, view, currency, description } = options
      if (accounts && view !== undefined) {
        throw new UsageFault('--accounts and --view are two places to look: make two detectors')
      }
      const kind = accounts ? 'ACCOUNTS' : 'ORGANISATION'
      const scope =
        view === undefined ? { kind } : { kind: 'VIEW', viewId: (await viewBy(hub, view)).id }
      const { id: organisationId } = await organisationBy(hub, options.organisation)
      const more = { ...givenOnly({ currency, description }), ...settingsOf(options) }
      const given = { organisationId, name, scope, ...more }
      const detector = await hub.post<SpikeDetector>('/spike-detectors', given)
      const text = await shown(hub, detector)
      await output.show(detector, () => text)
    }),
  )
}

function addUpdate(spikes: Command): void {
  withSettings(
    spikes
      .command('update')
      .description('change how a spike detector judges')
      .argument('<detector>', REFERENCE)
      .option('--name <name>', 'new name')
      .option('--description <text>', 'what it is for'),
  ).action(
    action<SettingOptions & { name?: string; description?: string }>(
      async ({ hub, output, options }, reference: string) => {
        const { name, description } = options
        const change = { ...givenOnly({ name, description }), ...settingsOf(options) }
        if (Object.keys(change).length === 0) {
          throw new UsageFault('nothing to change: give --score, or another option of --help')
        }
        const { id } = await spikeDetectorBy(hub, reference)
        const detector = await hub.patch<SpikeDetector>(`/spike-detectors/${id}`, change)
        const text = await shown(hub, detector)
        await output.show(detector, () => text)
      },
    ),
  )
}

interface Backtested {
  readonly from: string
  readonly to: string
  readonly currency: string
  readonly scopes: number
  readonly items: readonly BacktestedIncident[]
  readonly more: number
}
interface BacktestedIncident {
  readonly awsAccountId?: string
  readonly segmentTitle?: string
  readonly firstDay: string
  readonly lastDay: string
  readonly expected: string
  readonly actual: string
  readonly impact: string
  readonly score?: number
}

function addBacktest(spikes: Command): void {
  withSettings(
    spikes
      .command('backtest')
      .description('what a detector would have told of costs that are there already')
      .argument('<detector>', REFERENCE)
      .option('--from <day>', 'the first day (default: 90 days before the last)')
      .option('--to <day>', 'the last day (default: the last complete one)'),
  ).action(
    action<SettingOptions & { from?: string; to?: string }>(
      async ({ hub, output, options }, reference: string) => {
        const { id } = await spikeDetectorBy(hub, reference)
        const { from, to } = options
        const asked = { ...givenOnly({ from, to }), ...settingsOf(options) }
        const answer = await hub.post<Backtested>(`/spike-detectors/${id}/backtest`, asked)
        await output.show(answer, () => backtestShown(answer, output.width))
      },
    ),
  )
}

function backtestShown({ items, more, ...answer }: Backtested, width: number): string {
  const { from, to, scopes, currency } = answer
  const places = counted(scopes, 'place')
  const head = `${counted(items.length + more, 'spike')} from ${from} to ${to} in ${places}, in ${currency}`
  if (items.length === 0) return head
  const rest = more > 0 ? [`and ${more} more`] : []
  return [head, '', table(items, INCIDENT_COLUMNS, width), ...rest].join('\n')
}

const DECIMALS_SHOWN = 2
const money = (text: string) => roundedMoney(parseMoney(text) ?? ZERO, DECIMALS_SHOWN)

const INCIDENT_COLUMNS: readonly Column<BacktestedIncident>[] = [
  { title: 'FROM', text: ({ firstDay }) => firstDay },
  { title: 'TO', text: ({ lastDay }) => lastDay },
  {
    title: 'WHERE',
    text: ({ awsAccountId, segmentTitle }) => awsAccountId ?? segmentTitle ?? 'organisation',
    style: () => 'cyan',
  },
  { title: 'EXPECTED', text: ({ expected }) => money(expected), align: 'right' },
  { title: 'ACTUAL', text: ({ actual }) => money(actual), align: 'right' },
  { title: 'IMPACT', text: ({ impact }) => money(impact), align: 'right' },
  { title: 'SCORE', text: ({ score }) => score?.toFixed(1) ?? 'new', align: 'right' },
]

/** A parser of options. */
function number(text: string): number {
  const parsed = Number(text)
  if (text.trim() !== '' && parsed >= 0) return parsed
  throw new InvalidArgumentError('It must be a number of at least 0.')
}

const columns = (titles: ViewTitles): readonly Column<SpikeDetector>[] => [
  { title: 'NO', text: ({ number: no }) => String(no), align: 'right' },
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'LOOKS AT', text: (detector) => placesText(detector, titles) },
  { title: 'METHOD', text: ({ method }) => method },
  { title: 'SCORE', text: ({ score }) => String(score), align: 'right' },
  {
    title: 'FROM',
    text: ({ minimumImpact, currency }) => `${money(minimumImpact)} ${currency}`,
    align: 'right',
    optional: true,
  },
]
const ID_COLUMN: Column<SpikeDetector> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function placesText({ scope: { kind, viewId = '' } }: SpikeDetector, titles: ViewTitles): string {
  if (kind === 'ORGANISATION') return 'the organisation'
  return kind === 'ACCOUNTS' ? 'each account' : `each segment of ${titles.view(viewId)}`
}

async function shown(hub: HubClient, detector: SpikeDetector): Promise<string> {
  const titles = await viewTitles(hub)
  const { currency } = detector
  return fields(
    {
      detector: detector.name,
      description: detector.description,
      number: String(detector.number),
      'looks at': placesText(detector, titles),
      method: detector.method,
      score: `at least ${detector.score}`,
      impact: `at least ${money(detector.minimumImpact)} ${currency} and ${detector.minimumPercent} %`,
      'new spend': `at least ${money(detector.minimumNewSpend)} ${currency}`,
      id: detector.id,
      organisation: detector.organisationId,
      created: localMoment(detector.createdAt),
      changed: localMoment(detector.modifiedAt),
    },
    { detector: 'cyan' },
  )
}
