import { setImmediate } from 'node:timers/promises'

import { RestError } from '#src/errors.ts'
import { completenessOf } from '#src/model/complete-through.ts'
import type { Day } from '#src/model/cost.ts'
import { addDays, daysBetween } from '#src/model/day.ts'
import { formatMoney } from '#src/model/money.ts'
import type { Principal } from '#src/model/principal.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { ViewTable } from '#src/views/view-table.ts'
import { rounded, units } from './forecast.ts'
import { carriedOn, impactOf } from './incidents.ts'
import type { Incident } from './incidents.ts'
import { HISTORY_DAYS } from './spend-model.ts'
import { tallySpend } from './spend-tally.ts'
import type { SpikeDetectors } from './spike-detectors.ts'
import { judgedDays, scopesOf } from './spike-evaluation.ts'
import type { SpikeScope } from './spike-evaluation.ts'
import type { DetectorSettings } from './spikes.ts'

/** Settings to try instead of the detector's own, and which days. */
export interface BacktestRequest {
  readonly from?: Day | undefined
  readonly to?: Day | undefined
  readonly settings: {
    readonly [Key in keyof DetectorSettings]?: DetectorSettings[Key] | undefined
  }
}

export interface BacktestedIncident {
  readonly awsAccountId?: string | undefined
  readonly segmentTitle?: string | undefined
  readonly firstDay: Day
  readonly lastDay: Day
  readonly isOpen: boolean
  readonly expected: string
  readonly actual: string
  readonly impact: string
  readonly score?: number | undefined
  readonly percentage?: number | undefined
}

export interface BacktestAnswer {
  readonly from: Day
  readonly to: Day
  readonly currency: string
  readonly scopes: number
  /** The first first. */
  readonly items: readonly BacktestedIncident[]
  /** How many more there would have been. */
  readonly more: number
}

export const BACKTEST_DAYS_MAX = 1_100
const BACKTEST_DAYS_DEFAULT = 90
const BACKTESTED_INCIDENTS_MAX = 1_000

export interface BacktestPorts {
  readonly detectors: SpikeDetectors
  readonly costs: Pick<CostStore, 'rows' | 'periods'>
  readonly table: ViewTable
}

/** What a detector would have told over costs that are there already; tells nobody. */
export async function backtestDetector(
  { detectors, costs, table }: BacktestPorts,
  caller: Principal,
  id: string,
  asked: BacktestRequest,
): Promise<BacktestAnswer> {
  const detector = await detectors.get(caller, id)
  const { organisationId, currency, scope } = detector
  const { through: newest } = completenessOf(await costs.periods(organisationId))
  if (newest === undefined) {
    throw new RestError(
      409,
      'spike-detector.no-costs',
      'the organisation has no complete day of costs yet: import some first',
    )
  }
  const { from, to } = rangeOf(asked, newest)
  const settings: DetectorSettings = { ...detector, ...definedSettings(asked.settings) }
  const views = (await table.of(organisationId)).filter(({ view }) => view.id === scope.viewId)
  const tally = await tallySpend(costs, {
    organisationId,
    to,
    views,
    from: addDays(from, -HISTORY_DAYS),
    byAccount: scope.kind === 'ACCOUNTS',
  })
  const scopes = scopesOf(detector, { tally, views })
  const found: BacktestedIncident[] = []
  for (const one of scopes) {
    await setImmediate()
    const days = judgedDays(settings, one, { tally, from, to })
    found.push(...incidentsIn(days).map((incident) => shown(one, incident)))
  }
  const sorted = found.toSorted((a, b) => (a.firstDay < b.firstDay ? -1 : 1))
  const items = sorted.slice(0, BACKTESTED_INCIDENTS_MAX)
  return { from, to, currency, scopes: scopes.length, items, more: sorted.length - items.length }
}

function rangeOf({ from, to }: BacktestRequest, newest: Day) {
  const last = to === undefined || to > newest ? newest : to
  const first = from ?? addDays(last, 1 - BACKTEST_DAYS_DEFAULT)
  const days = daysBetween(first, last) + 1
  if (days >= 1 && days <= BACKTEST_DAYS_MAX) return { from: first, to: last }
  throw new RestError(
    400,
    'spike-detector.invalid-range',
    `"${first}" to "${last}" are no range of 1 to ${BACKTEST_DAYS_MAX} days; costs are complete through ${newest}`,
  )
}

function definedSettings(settings: BacktestRequest['settings']): Partial<DetectorSettings> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}

/** Each as it was in the end. */
function incidentsIn(days: Parameters<typeof carriedOn>[1]): readonly Incident[] {
  const byFirstDay = new Map<Day, Incident>()
  let incident: Incident | undefined
  for (const day of days) {
    const carried = carriedOn(incident, [day])
    incident = carried.incident
    for (const one of carried.news) byFirstDay.set(one.incident.firstDay, one.incident)
  }
  return [...byFirstDay.values()]
}

function shown(scope: SpikeScope, incident: Incident): BacktestedIncident {
  const { firstDay, lastDay, isOpen, verdict } = incident
  const { score, percentage } = verdict
  return {
    ...(scope.accountId !== undefined && { awsAccountId: scope.accountId }),
    ...(scope.segment !== undefined && { segmentTitle: scope.segment.segmentTitle }),
    firstDay,
    lastDay,
    isOpen,
    expected: formatMoney(units(verdict.expected)),
    actual: formatMoney(units(verdict.actual)),
    impact: formatMoney(units(impactOf(incident))),
    ...(score !== undefined && { score: rounded(score) }),
    ...(percentage !== undefined && { percentage: rounded(percentage) }),
  }
}
