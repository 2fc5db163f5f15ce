import { RestError } from '#src/errors.ts'
import type {
  CostImport,
  CostImportFrom,
  CostPeriodText,
  CostTotalText,
} from '#src/model/cost-import.ts'
import type { CostPeriod, Day, Month } from '#src/model/cost.ts'
import { pageOf, pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import { compareMoney } from '#src/model/money.ts'
import { SUMS_MAX } from '#src/ports/cost-store.ts'
import type { CostExport, CostSum, SumDimension } from '#src/ports/cost-store.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { ORGANISATIONS, listAll } from '#src/tenancy/documents.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import { noteDeleted, takeAway } from './deleted-periods.ts'
import {
  COST_IMPORTS,
  COST_IMPORTS_IN_ORDER,
  COST_IMPORT_QUEUE,
  COST_UPLOADS,
  importsPrefix,
  putImport,
  shownImport,
  takeTurn,
  totalText,
} from './import-documents.ts'
import type { StoredCostImport } from './import-documents.ts'
import { happeningTo, initiatorOf } from './import-events.ts'
import { checkPlace } from './import-places.ts'
import type { ImportPlaces } from './import-places.ts'
import type { ImportQueue, QueuePorts } from './import-queue.ts'
import type { UploadPart } from './upload-spool.ts'

export interface NewCostImport extends CostExport {
  readonly from: CostImportFrom
  readonly tagKeys?: readonly string[] | undefined
}

export type CostSumText = CostTotalText & Partial<Record<SumDimension, string>>

export interface SumsAsked {
  readonly organisationId: string
  readonly from: Day
  readonly to: Day
  readonly by: readonly SumDimension[]
}

/** Costs of organisations: bringing them in, and what there is. All throw RestError. */
export interface CostImports {
  /** Starts an import; of an upload, when its files are there and `start` is called. */
  create(caller: Principal, given: NewCostImport): Promise<CostImport>
  /** Adds a part to a file of an upload; answers how many bytes the file has then. */
  addPart(caller: Principal, id: string, part: GivenPart): Promise<{ readonly bytes: number }>
  start(caller: Principal, id: string): Promise<CostImport>
  /** Ends what has not ended: billing periods stay as they were. */
  cancel(caller: Principal, id: string): Promise<void>
  get(caller: Principal, id: string): Promise<CostImport>
  /** By organisation, the newest first. */
  list(caller: Principal, page: ImportsPage): Promise<Page<CostImport>>
  /** Billing periods by organisation, export and month. */
  periods(caller: Principal, page: ImportsPage): Promise<Page<CostPeriodText>>
  sums(caller: Principal, asked: SumsAsked): Promise<readonly CostSumText[]>
  /** What a source brought of it is not read again before its bill changes. */
  removePeriod(caller: Principal, of: CostExport & { readonly month: string }): Promise<void>
}

/** Without bytes where the request had a body of another kind. */
export type GivenPart = Omit<UploadPart, 'bytes'> & { readonly bytes: Uint8Array | undefined }

export interface ImportsPage {
  readonly after?: string
  readonly limit: number
  readonly organisationId?: string | undefined
}

export interface CostImportPorts extends Pick<
  QueuePorts,
  'state' | 'clock' | 'costs' | 'actions' | 'spool'
> {
  readonly ids: Ids
  readonly queue: Pick<ImportQueue, 'progressOf'>
  readonly has: ImportPlaces
}

/** Uploads under way, and imports that wait, of an organisation: each may fill 8 GiB of the disk. */
export const UNENDED_IMPORTS_MAX = 20

export function createCostImports(ports: CostImportPorts): CostImports {
  const { state, clock, actions, spool, queue } = ports
  const shown = (stored: StoredCostImport): CostImport => {
    const costImport = shownImport(stored)
    const progress = queue.progressOf(costImport.id)
    const isRunning = costImport.status === 'running' && progress !== undefined
    return isRunning ? { ...costImport, progress } : costImport
  }
  return {
    create: async (caller, { from, tagKeys, ...given }) => {
      checkPlace(from, caller, ports.has)
      const created = await actions.perform(caller, async ({ transaction, now, tell }) => {
        await organisationOf(transaction, caller, given.organisationId)
        const costImport: StoredCostImport = {
          id: ports.ids.timeOrderedUuid(now),
          ...given,
          from,
          ...(tagKeys !== undefined && { tagKeys: [...tagKeys] }),
          status: from.kind === 'upload' ? 'uploading' : 'waiting',
          createdAt: now,
          initiator: initiatorOf(caller),
        }
        if (costImport.status === 'waiting') tell('CostImportStartEvent', happeningTo(costImport))
        await takeTurn(transaction, given.organisationId)
        await checkRoom(state, given.organisationId)
        putImport(transaction, costImport)
        return costImport
      })
      return shownImport(created)
    },
    addPart: async (caller, id, { bytes, ...part }) => {
      notStarted(await importBy(state, caller, id))
      if (bytes === undefined) throw noBytes()
      // From here on the upload is not forgotten under the bytes.
      const admit = () =>
        state.transact(async (transaction) => {
          const before = notStarted(await transaction.get(COST_IMPORTS, id))
          putImport(transaction, { ...before, receivedAt: clock.now() })
        })
      return { bytes: await spool.append(id, { ...part, bytes }, admit) }
    },
    start: async (caller, id) => {
      await importBy(state, caller, id)
      // A part that is on its way must not come while the file is read.
      return spool.inTurn(id, async () => {
        const isEmpty = (await spool.files(id)).length === 0
        const started = await actions.perform(caller, async ({ transaction, tell }) => {
          const before = await importBy(transaction, caller, id)
          tell('CostImportStartEvent', happeningTo(before))
          notStarted(before)
          if (isEmpty) throw noFiles()
          const initiator = initiatorOf(caller)
          const after: StoredCostImport = { ...before, status: 'waiting', initiator }
          putImport(transaction, after)
          return after
        })
        return shownImport(started)
      })
    },
    cancel: async (caller, id) => {
      await importBy(state, caller, id)
      const status = await actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await importBy(transaction, caller, id)
        // An upload that is given up was never started.
        if (before.status !== 'uploading') tell('CostImportCancelEvent', happeningTo(before))
        checkCancellable(before)
        putImport(transaction, { ...before, status: 'cancelled', endedAt: now })
        return before.status
      })
      // Files of one that runs are removed when it has left off reading them.
      if (status !== 'running') await spool.remove(id)
    },
    get: async (caller, id) => shown(await importBy(state, caller, id)),
    list: async (caller, { organisationId = caller.organisationId, after, limit }) => {
      if (organisationId !== undefined && !reaches(caller, organisationId)) return { items: [] }
      const places = await state.list(COST_IMPORTS_IN_ORDER, {
        ...(organisationId !== undefined && { prefix: importsPrefix(organisationId) }),
        ...(after !== undefined && { after }),
        limit: limit + 1,
      })
      const { items: ids, ...rest } = pageOf(places, limit)
      const all = await Promise.all(ids.map((id) => state.get(COST_IMPORTS, id)))
      return { items: all.flatMap((each) => (each === undefined ? [] : [shown(each)])), ...rest }
    },
    ...reading(ports),
  }
}

function reading(ports: CostImportPorts): Pick<CostImports, 'periods' | 'sums' | 'removePeriod'> {
  const { state, costs, actions } = ports
  return {
    periods: async (caller, { organisationId, ...page }) => {
      const organisations = await listAll(
        state,
        ORGANISATIONS,
        ({ id }) => reaches(caller, id) && (organisationId ?? id) === id,
      )
      const all: CostPeriod[] = []
      for (const { id } of organisations) all.push(...(await costs.periods(id)))
      const { items, ...rest } = pageOfAll(all, periodKey, page)
      return { items: items.map(periodText), ...rest }
    },
    sums: async (caller, { organisationId, ...asked }) => {
      await organisationOf(state, caller, organisationId)
      const { from, to } = asked
      if (from > to) {
        const message = `the range ends before it begins: "from" ${from}, "to" ${to}`
        throw new RestError(400, 'cost-sums.invalid-range', message)
      }
      const sums = await costs.sums(organisationId, asked)
      if (sums === undefined) throw tooManySums()
      return sums
        .toSorted((a, b) => byDate(a, b) || compareMoney(b.effectiveCost, a.effectiveCost))
        .map((sum) => ({ ...sum, ...totalText(sum) }))
    },
    removePeriod: async (caller, { organisationId, exportName, month }) => {
      await organisationOf(state, caller, organisationId)
      const periods = await costs.periods(organisationId, exportName)
      const period = periods.find((each) => each.month === month)
      if (period === undefined) throw noPeriod(exportName, month)
      const deleted = await actions.perform(caller, async ({ transaction, tell }) => {
        const fields = { exportName, month, costImportId: period.importId }
        tell('CostPeriodDeleteEvent', { organisationId, fields })
        return noteDeleted(transaction, period)
      })
      await takeAway(ports, deleted)
    },
  }
}

function periodKey({ organisationId, exportName, month }: CostPeriod): string {
  return [organisationId, exportName, month].join('|')
}

function periodText({ totals, billingAccountIds, ...period }: CostPeriod): CostPeriodText {
  return { ...period, totals: totals.map(totalText), billingAccountIds: [...billingAccountIds] }
}

function notStarted(costImport: CostImport | undefined): CostImport {
  if (costImport?.status === 'uploading') return costImport
  throw new RestError(
    409,
    'cost-import.not-uploading',
    'only an upload that was not started takes files: create another import',
  )
}

function noFiles(): RestError {
  return new RestError(409, 'cost-import.empty', 'the upload has no file yet: send one first')
}

function noPeriod(exportName: string, month: Month): RestError {
  const message = `the export "${exportName}" has no costs of ${month}`
  return new RestError(404, 'cost-period.not-found', message)
}

function noBytes(): RestError {
  return new RestError(
    400,
    'cost-import.no-bytes',
    'the body must be bytes of the file, with content-type application/octet-stream',
  )
}

async function checkRoom(state: State, organisationId: string): Promise<void> {
  let unended = 0
  for (const list of [COST_UPLOADS, COST_IMPORT_QUEUE]) {
    for (const { key } of await state.list(list, { limit: Number.MAX_SAFE_INTEGER })) {
      const costImport = await state.get(COST_IMPORTS, key)
      const isOthers = costImport?.organisationId !== organisationId
      // Of each source there is one at most.
      if (!isOthers && costImport.sourceId === undefined) unended += 1
    }
  }
  if (unended < UNENDED_IMPORTS_MAX) return
  throw new RestError(
    409,
    'cost-import.too-many',
    `the organisation has ${UNENDED_IMPORTS_MAX} imports that have not ended: cancel uploads that nobody goes on with, or wait`,
  )
}

function tooManySums(): RestError {
  return new RestError(
    400,
    'cost-sums.too-many',
    `there are more than ${SUMS_MAX} sums: ask for fewer days, or sum up by fewer dimensions`,
  )
}

/** Sums of days or months are a course of time, whatever each comes to. */
function byDate(a: CostSum, b: CostSum): number {
  const [left, right] = [a, b].map(({ month = '', day = '' }) => `${month} ${day}`) as [
    string,
    string,
  ]
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** @throws RestError 404 */
async function importBy(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<StoredCostImport> {
  const costImport = await from.get(COST_IMPORTS, id)
  if (costImport !== undefined && reaches(caller, costImport.organisationId)) return costImport
  throw new RestError(404, 'cost-import.not-found', `there is no cost import "${id}"`)
}

/** @throws RestError 409 */
function checkCancellable({ status, endedAt, isPublishing }: StoredCostImport): void {
  if (endedAt !== undefined) {
    const message = `the import is ${status}: only what has not ended can be cancelled`
    throw new RestError(409, 'cost-import.ended', message)
  }
  if (isPublishing === undefined) return
  throw new RestError(
    409,
    'cost-import.publishing',
    'the import has read everything and is putting its billing periods in place: it is too late to cancel it',
  )
}
