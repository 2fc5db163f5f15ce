import { createHash } from 'node:crypto'

import type { Budget, SpikeDetector } from '#src/model/budget.ts'
import { completenessOf } from '#src/model/complete-through.ts'
import type { Completeness } from '#src/model/complete-through.ts'
import type { CostPeriod, Day } from '#src/model/cost.ts'
import { addDays, dayOf } from '#src/model/day.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import { pause, patiently } from '#src/ports/patiently.ts'
import { collection } from '#src/ports/state.ts'
import { ACCOUNTS, ORGANISATIONS, listAll } from '#src/tenancy/documents.ts'
import { VIEWS } from '#src/views/view-documents.ts'
import type { ViewTable } from '#src/views/view-table.ts'
import { evaluateBudget } from './budget-evaluation.ts'
import type { BorneSeries, Evaluated, EvaluationPorts } from './budget-evaluation.ts'
import { openPeriods } from './budget-periods.ts'
import { BUDGETS } from './budgets.ts'
import { FORECAST_HISTORY_DAYS } from './forecast.ts'
import { DETECTORS } from './spike-detectors.ts'
import { evaluateDetector } from './spike-evaluation.ts'
import { tallySpend, tallyThrough } from './spend-tally.ts'
import type { SpendSeries, SpendTally } from './spend-tally.ts'

export interface CostCheckRunnerPorts extends EvaluationPorts {
  readonly costs: Pick<CostStore, 'rows' | 'periods'>
  readonly table: ViewTable
  readonly onFault: (error: unknown) => void
}

/** Holds the costs of organisations against their budgets, and looks for spikes. */
export interface CostChecks {
  /**
   * Evaluates whatever changed since it was evaluated last, also while the hub was down: after each
   * import and each change of budgets, detectors, views and accounts' tags.
   */
  run(signal: AbortSignal): Promise<void>
  /** Looks at once whether there are new costs, not only at the next look. */
  wake(): void
  /** Evaluates one organisation where something changed; false: nothing did. */
  evaluate(organisationId: string): Promise<boolean>
}

/** How often the state of costs is compared with what was evaluated. */
const LOOK_EVERY_MS = 10_000
/** By organisation: what the last evaluation that came to its end was of. */
const EVALUATED = collection<string>('cost-checks-evaluated')

export function createCostChecks(ports: CostCheckRunnerPorts): CostChecks {
  const { state, onFault } = ports
  let waking = Promise.withResolvers<void>()
  const watched: readonly string[] = [
    BUDGETS.things.name,
    DETECTORS.things.name,
    VIEWS.things.name,
    ACCOUNTS.name,
  ]
  const evaluate = (organisationId: string) => evaluateOrganisation(ports, organisationId)
  return {
    wake: () => waking.resolve(),
    evaluate,
    run: async (signal) => {
      const stopWatching = state.watch((changes) => {
        if (changes.some(({ collection: name }) => watched.includes(name))) waking.resolve()
      })
      signal.addEventListener('abort', () => waking.resolve())
      while (!signal.aborted) {
        waking = Promise.withResolvers()
        const organisations = await patiently(() => listAll(state, ORGANISATIONS), onFault, signal)
        for (const { id } of organisations ?? []) {
          if (signal.aborted) break
          // What is wrong with one organisation's costs is no reason to leave out the others.
          await evaluate(id).catch(onFault)
        }
        const rested = new AbortController()
        await Promise.race([waking.promise, pause(LOOK_EVERY_MS, rested.signal)])
        rested.abort()
      }
      stopWatching()
    },
  }
}

async function evaluateOrganisation(
  ports: CostCheckRunnerPorts,
  organisationId: string,
): Promise<boolean> {
  const { state, costs, table, clock } = ports
  const [budgets, detectors] = [
    await BUDGETS.all(state, organisationId),
    await DETECTORS.all(state, organisationId),
  ]
  if (budgets.length + detectors.length === 0) return false
  const periods = await costs.periods(organisationId)
  const accountTags = await table.accountTags(organisationId)
  const views = (await table.of(organisationId)).filter(({ view }) =>
    [...budgets, ...detectors].some(({ scope }) => scope?.viewId === view.id),
  )
  const costsKey = fingerprint(periods.map(stateOf))
  const evaluated = fingerprint([
    costsKey,
    dayOf(clock.now()),
    [...budgets, ...detectors].map(({ id, modifiedAt }) => [id, modifiedAt]),
    views.map(({ view: { id, version } }) => [id, version]),
    Array.from(accountTags),
  ])
  if ((await state.get(EVALUATED, organisationId)) === evaluated) return false
  const completeness = completenessOf(periods)
  const to = lastDayCounted(periods, { completeness, today: dayOf(clock.now()) })
  if (to !== undefined) {
    const tally = await tallySpend(costs, {
      organisationId,
      from: firstDayNeeded(budgets, { newest: completeness.through ?? to, now: clock.now() }),
      to,
      byAccount: detectors.some(({ scope }) => scope.kind === 'ACCOUNTS'),
      views,
    })
    await evaluateAll(ports, { budgets, detectors }, { tally, views, completeness, costsKey })
  }
  await state.transact(async (transaction) => transaction.put(EVALUATED, organisationId, evaluated))
  return true
}

async function evaluateAll(
  ports: CostCheckRunnerPorts,
  checks: {
    readonly budgets: readonly Budget[]
    readonly detectors: readonly SpikeDetector[]
  },
  given: Evaluated,
): Promise<void> {
  const borne = bornOnce(given.tally)
  for (const budget of checks.budgets) await evaluateBudget(ports, budget, { ...given, borne })
  const { through } = given.completeness
  if (through === undefined || checks.detectors.length === 0) return
  const complete = { views: given.views, tally: tallyThrough(given.tally, through) }
  for (const detector of checks.detectors) await evaluateDetector(ports, detector, complete)
}

/**
 * The last day that there are costs of, complete or not. Of days to come a bill tells what is foretold,
 * or what a wrong clock says.
 */
function lastDayCounted(
  periods: readonly CostPeriod[],
  { completeness, today }: { readonly completeness: Completeness; readonly today: Day },
): Day | undefined {
  const days = periods.map(({ lastDay }) => (lastDay < today ? lastDay : today))
  return [...days, completeness.through ?? ''].toSorted().at(-1) || undefined
}

function bornOnce(tally: SpendTally): BorneSeries {
  const known = new Map<string, Promise<readonly SpendSeries[]>>()
  return async (viewId, currency) => {
    const key = `${viewId}|${currency}`
    const series = known.get(key) ?? tally.borne(viewId, currency)
    known.set(key, series)
    return series
  }
}

function firstDayNeeded(
  budgets: readonly Budget[],
  { newest, now }: { readonly newest: Day; readonly now: number },
): Day {
  const history = addDays(newest, -FORECAST_HISTORY_DAYS)
  const starts = budgets.flatMap((budget) => openPeriods(budget, now).map(({ start }) => start))
  return starts.reduce((first, start) => (start < first ? start : first), history)
}

function stateOf({ exportName, month, importId, completeThrough }: CostPeriod) {
  return [exportName, month, importId, completeThrough]
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url')
}
