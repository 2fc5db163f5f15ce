import { RestError } from '#src/errors.ts'
import { BUDGET_DEFAULTS, MONTHS } from '#src/model/budget.ts'
import type { Budget, BudgetScope, BudgetStatus } from '#src/model/budget.ts'
import { ZERO, parseMoney, sumOf } from '#src/model/money.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { namedDocuments } from '#src/tenancy/named-documents.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import { namesOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { VIEWS, setUse } from '#src/views/view-documents.ts'
import { segmentIn } from '#src/views/views.ts'
import { currentPeriod } from './budget-periods.ts'
import { forgetBudget, statusOf } from './budget-states.ts'

/** All are evaluated after each import. */
const BUDGETS_PER_ORGANISATION_MAX = 1_000

export const BUDGETS = namedDocuments<Budget>('budget', BUDGETS_PER_ORGANISATION_MAX)

type Settings = Omit<
  Budget,
  'id' | 'number' | 'organisationId' | 'revision' | 'createdAt' | 'modifiedAt'
>
type Given<T> = { readonly [Key in keyof T]?: T[Key] | undefined }

export interface NewBudget extends Given<Omit<Settings, 'name'>> {
  readonly organisationId: string
  readonly name: string
}

/** A scope of null is the organisation. */
export interface BudgetChange extends Given<Omit<Settings, 'scope'>> {
  readonly scope?: BudgetScope | null | undefined
}

/** How much may be spent, and when that is told. */
export interface Budgets {
  create(caller: Principal, given: NewBudget): Promise<Budget>
  get(caller: Principal, id: string): Promise<Budget>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<Budget>>
  update(caller: Principal, id: string, change: BudgetChange): Promise<Budget>
  remove(caller: Principal, id: string): Promise<void>
  /** How it stands in the period that is now, as the last evaluation found it. */
  status(caller: Principal, id: string): Promise<BudgetStatus>
  /** The same of those that `list` gives. */
  statuses(caller: Principal, page: Parameters<Budgets['list']>[1]): Promise<Page<BudgetStatus>>
}

export interface CostCheckPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
}

/** What a change of needs other thresholds to be told. */
const MEASURED: readonly string[] = [
  'scope',
  'period',
  'startMonth',
  'currency',
  'yearAmount',
  'monthAmounts',
  'costs',
]

export function createBudgets({ state, clock, ids, actions }: CostCheckPorts): Budgets {
  const currentStatus = (budget: Budget) =>
    statusOf(state, budget, currentPeriod(budget, clock.now()))
  return {
    create: (caller, { organisationId, ...given }) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        await BUDGETS.reachable(transaction, caller, organisationId)
        const budget: Budget = {
          id: ids.timeOrderedUuid(now),
          number: await nextNumber(transaction, organisationId, 'budget'),
          organisationId,
          ...BUDGET_DEFAULTS,
          thresholds: [...BUDGET_DEFAULTS.thresholds],
          forecastThresholds: [...BUDGET_DEFAULTS.forecastThresholds],
          ...definedOnly(given),
          name: given.name,
          revision: 1,
          createdAt: now,
          modifiedAt: now,
        }
        checkBudget(budget)
        await checkScope(transaction, budget)
        tell('BudgetCreateEvent', happeningTo(budget))
        await BUDGETS.add(transaction, budget)
        await useView(transaction, budget)
        return budget
      }),
    get: (caller, id) => BUDGETS.found(state, caller, id),
    list: (caller, page) => BUDGETS.list(state, caller, page),
    update: (caller, id, change) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await BUDGETS.found(transaction, caller, id)
        const changed = namesOf(change, before)
        if (changed.length === 0) return before
        const isMeasured = changed.some((name) => MEASURED.includes(name))
        const after: Budget = {
          ...changedBudget(before, change),
          revision: before.revision + (isMeasured ? 1 : 0),
          modifiedAt: now,
        }
        checkBudget(after)
        await checkScope(transaction, after)
        tell('BudgetUpdateEvent', happeningTo(after, { changed }))
        await BUDGETS.replace(transaction, before, after)
        if (before.scope?.viewId !== after.scope?.viewId) await leaveView(transaction, before)
        await useView(transaction, after)
        return after
      }),
    remove: async (caller, id) => {
      await actions.perform(caller, async ({ transaction, tell }) => {
        const budget = await BUDGETS.found(transaction, caller, id)
        tell('BudgetDeleteEvent', happeningTo(budget))
        await BUDGETS.remove(transaction, budget)
        await leaveView(transaction, budget)
      })
      await forgetBudget(state, id)
    },
    status: async (caller, id) => {
      const budget = await BUDGETS.found(state, caller, id)
      return currentStatus(budget)
    },
    statuses: async (caller, page) => {
      const { items, ...rest } = await BUDGETS.list(state, caller, page)
      return { ...rest, items: await Promise.all(items.map(currentStatus)) }
    },
  }
}

function changedBudget(before: Budget, { scope, ...change }: BudgetChange): Budget {
  const { scope: scopeBefore, yearAmount, monthAmounts, ...rest } = before
  const given = definedOnly(change)
  const scopeAfter = scope === undefined ? scopeBefore : (scope ?? undefined)
  // One way to say the amount takes the place of the other.
  const isSaidAnew = change.yearAmount !== undefined || change.monthAmounts !== undefined
  return {
    ...rest,
    ...(scopeAfter !== undefined && { scope: scopeAfter }),
    ...(!isSaidAnew && definedOnly({ yearAmount, monthAmounts })),
    ...given,
  }
}

function checkBudget(budget: Budget): void {
  const { yearAmount, monthAmounts, thresholds, forecastThresholds, name } = budget
  if ((yearAmount === undefined) === (monthAmounts === undefined)) {
    throw invalid(
      name,
      `it needs either "yearAmount", of which a month has a twelfth, or "monthAmounts" of ${MONTHS} months`,
    )
  }
  const amounts = monthAmounts ?? [yearAmount ?? '']
  if (sumOf(amounts.map((amount) => parseMoney(amount) ?? ZERO)) === ZERO) {
    throw invalid(name, 'its amount is 0, and nothing can be a part of that')
  }
  if (thresholds.length + forecastThresholds.length === 0) {
    throw invalid(name, 'without a threshold it would never be told of: give at least one')
  }
}

async function checkScope(transaction: StateTransaction, budget: Budget): Promise<void> {
  const { scope, organisationId } = budget
  if (scope === undefined) return
  segmentIn(await viewOf(transaction, organisationId, scope.viewId), scope.segmentId)
}

/** The view of that id in an organisation. @throws RestError 400 */
export async function viewOf(
  transaction: Pick<StateTransaction, 'get'>,
  organisationId: string,
  viewId: string,
) {
  const view = await transaction.get(VIEWS.things, viewId)
  if (view?.organisationId === organisationId) return view
  throw new RestError(
    400,
    'view.not-in-organisation',
    `the organisation has no view "${viewId}": see "belfry views list"`,
  )
}

async function useView(transaction: StateTransaction, budget: Budget): Promise<void> {
  const { id, name, scope } = budget
  if (scope === undefined) return
  const use = { kind: 'budget', id, name, segmentId: scope.segmentId } as const
  await setUse(transaction, scope.viewId, { id, use })
}

async function leaveView(transaction: StateTransaction, { id, scope }: Budget): Promise<void> {
  if (scope !== undefined) await setUse(transaction, scope.viewId, { id })
}

/** Only what is defined, for objects whose members are. */
export function definedOnly<T extends object>(
  given: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}

function invalid(name: string, why: string): RestError {
  return new RestError(400, 'budget.invalid', `budget "${name}": ${why}`)
}

function happeningTo(budget: Budget, more: object = {}) {
  const { id, number, name, organisationId } = budget
  return {
    organisationId,
    fields: { budgetId: id, budgetNumber: number, budgetName: name, ...more },
  }
}
