import { RestError } from '#src/errors.ts'
import type { CostImport, CostSourceFrom } from '#src/model/cost-import.ts'
import { READ_EVERY_HOURS_DEFAULT } from '#src/model/cost-source.ts'
import type { CostSource } from '#src/model/cost-source.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { CostExport } from '#src/ports/cost-store.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { listAccepted } from '#src/tenancy/documents.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { ImportsPage } from './cost-imports.ts'
import { COST_IMPORTS, shownImport, takeTurn } from './import-documents.ts'
import { happeningTo as importHappening, initiatorOf, locationOf } from './import-events.ts'
import { checkPlace } from './import-places.ts'
import type { ImportPlaces } from './import-places.ts'
import {
  COST_SOURCES,
  COST_SOURCE_IDS,
  beginRead,
  costSourceKey,
  readAfter,
  sourcesPrefix,
} from './source-documents.ts'
import type { StoredCostSource } from './source-documents.ts'

export interface NewCostSource extends CostExport {
  readonly from: CostSourceFrom
  readonly tagKeys?: readonly string[] | undefined
  readonly readEveryHours?: number | undefined
}

export interface CostSourceChange {
  readonly from?: CostSourceFrom | undefined
  /** Null: all of them. */
  readonly tagKeys?: readonly string[] | null | undefined
  readonly readEveryHours?: number | undefined
}

/** Places that exports are read from again and again. All throw RestError. */
export interface CostSources {
  /** It is read at once, and then every few hours. */
  create(caller: Principal, given: NewCostSource): Promise<CostSource>
  get(caller: Principal, id: string): Promise<CostSource>
  list(caller: Principal, page: ImportsPage): Promise<Page<CostSource>>
  /** One that is to be read from elsewhere, or by other tag keys, is read at once. */
  update(caller: Principal, id: string, change: CostSourceChange): Promise<CostSource>
  /** What it brought stays. */
  remove(caller: Principal, id: string): Promise<void>
  /** Reads it before its time. */
  read(caller: Principal, id: string): Promise<CostImport>
}

export interface CostSourcePorts {
  readonly state: State
  readonly ids: Ids
  readonly actions: Actions
  readonly has: ImportPlaces
}

/** More exports than AWS gives an account. */
export const COST_SOURCES_PER_ORGANISATION_MAX = 100

export function createCostSources(ports: CostSourcePorts): CostSources {
  const { state, ids, actions, has } = ports
  return {
    create: async (caller, { from, tagKeys, readEveryHours, ...given }) => {
      checkPlace(from, caller, has)
      const created = await actions.perform(caller, async ({ transaction, now, tell }) => {
        await organisationOf(transaction, caller, given.organisationId)
        const source: StoredCostSource = {
          id: ids.timeOrderedUuid(now),
          ...given,
          from,
          ...(tagKeys !== undefined && { tagKeys: [...tagKeys] }),
          readEveryHours: readEveryHours ?? READ_EVERY_HOURS_DEFAULT,
          nextReadAt: now,
          createdAt: now,
        }
        tell('CostSourceCreateEvent', happeningTo(source))
        const key = costSourceKey(source)
        if ((await transaction.get(COST_SOURCES, key)) !== undefined) throw exists(source)
        await takeTurn(transaction, source.organisationId)
        await checkRoom(state, source)
        transaction.put(COST_SOURCES, key, source)
        transaction.put(COST_SOURCE_IDS, source.id, key)
        return source
      })
      return shown(state, created)
    },
    get: async (caller, id) => shown(state, await found(state, caller, id)),
    list: async (caller, { organisationId, ...page }) => {
      const { items, ...rest } = await listAccepted(state, COST_SOURCES, {
        ...page,
        accept: (source) =>
          reaches(caller, source.organisationId) &&
          (organisationId ?? source.organisationId) === source.organisationId,
      })
      return { items: await Promise.all(items.map((each) => shown(state, each))), ...rest }
    },
    update: async (caller, id, change) => {
      if (change.from !== undefined) checkPlace(change.from, caller, has)
      const updated = await actions.perform(caller, async ({ transaction, now, tell }) => {
        const after = changed(await found(transaction, caller, id), change, now)
        tell('CostSourceUpdateEvent', happeningTo(after))
        transaction.put(COST_SOURCES, costSourceKey(after), after)
        return after
      })
      return shown(state, updated)
    },
    remove: (caller, id) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const source = await found(transaction, caller, id)
        tell('CostSourceDeleteEvent', happeningTo(source))
        transaction.delete(COST_SOURCES, costSourceKey(source))
        transaction.delete(COST_SOURCE_IDS, id)
      }),
    read: (caller, id) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const source = await found(transaction, caller, id)
        const initiator = initiatorOf(caller)
        const begun = await beginRead(transaction, source, { now, ids, initiator })
        if (begun === undefined) {
          throw new RestError(409, 'cost-source.reading', 'the source is being read already')
        }
        tell('CostImportStartEvent', importHappening(begun))
        return shownImport(begun)
      }),
  }
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<StoredCostSource> {
  const key = await from.get(COST_SOURCE_IDS, id)
  const source = key === undefined ? undefined : await from.get(COST_SOURCES, key)
  if (source !== undefined && reaches(caller, source.organisationId)) return source
  throw new RestError(404, 'cost-source.not-found', `there is no cost source "${id}"`)
}

function changed(
  { tagKeys: oldTagKeys, ...before }: StoredCostSource,
  {
    from = before.from,
    tagKeys = oldTagKeys,
    readEveryHours = before.readEveryHours,
  }: CostSourceChange,
  now: number,
): StoredCostSource {
  const isOther = from !== before.from || tagKeys !== oldTagKeys
  const nextReadAt = isOther ? now : Math.min(before.nextReadAt, readAfter(now, readEveryHours))
  const all = { ...before, from, readEveryHours, nextReadAt }
  return tagKeys === null || tagKeys === undefined ? all : { ...all, tagKeys: [...tagKeys] }
}

async function shown(
  state: Pick<State, 'get'>,
  { lastImportId, ...source }: StoredCostSource,
): Promise<CostSource> {
  const last = lastImportId === undefined ? undefined : await state.get(COST_IMPORTS, lastImportId)
  if (last === undefined) return source
  const { id: importId, status, error, report, createdAt: startedAt, endedAt } = last
  return {
    ...source,
    last: {
      importId,
      status,
      ...(error !== undefined && { error }),
      ...(report !== undefined && { rowsRead: report.rowsRead }),
      startedAt,
      ...(endedAt !== undefined && { endedAt }),
    },
  }
}

function happeningTo({ id, organisationId, exportName, from, readEveryHours }: StoredCostSource) {
  const location = locationOf(from)
  const fields = { costSourceId: id, exportName, kind: from.kind, location, readEveryHours }
  return { organisationId, fields }
}

async function checkRoom(state: State, { organisationId }: StoredCostSource): Promise<void> {
  const limit = COST_SOURCES_PER_ORGANISATION_MAX
  const all = await state.list(COST_SOURCES, { prefix: sourcesPrefix(organisationId), limit })
  if (all.length < limit) return
  throw new RestError(
    409,
    'cost-source.too-many',
    `the organisation has ${limit} cost sources already: delete one`,
  )
}

function exists({ exportName }: StoredCostSource): RestError {
  return new RestError(
    409,
    'cost-source.exists',
    `the export "${exportName}" has a cost source already: change it, or delete it first`,
  )
}
