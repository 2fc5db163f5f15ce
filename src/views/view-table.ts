import type { AlertSegment } from '#src/model/alert.ts'
import type { AccountTags, View, ViewSubject } from '#src/model/view.ts'
import type { State } from '#src/ports/state.ts'
import { ACCOUNTS, isOf, listAll } from '#src/tenancy/documents.ts'
import { compileView } from './compiled-view.ts'
import type { CompiledView } from './compiled-view.ts'
import { VIEWS } from './view-documents.ts'

/** The views of organisations as they are now, ready to be asked. */
export interface ViewTable {
  /** All views of an organisation, in the order of their numbers. */
  of(organisationId: string): Promise<readonly CompiledView[]>
  /** As they are now. */
  accountTags(organisationId: string): Promise<AccountTags>
  /** A view that need not be the newest version; account tags are those of now. */
  compiled(view: View): Promise<CompiledView>
  /** The segment of a resource in each view of the organisation, Unallocated too. */
  segmentsOf(organisationId: string, resource: ViewSubject): Promise<readonly AlertSegment[]>
  close(): void
}

interface Known {
  readonly accountTags: AccountTags
  readonly views: readonly CompiledView[]
}

/** Reads the views of an organisation when they are first asked for, and again after a change. */
export function createViewTable(state: State): ViewTable {
  const known = new Map<string, Promise<Known>>()
  const stopWatching = state.watch((changes) => {
    const names = new Set(changes.map(({ collection }) => collection))
    if (names.has(VIEWS.things.name) || names.has(ACCOUNTS.name)) known.clear()
  })
  const knownOf = (organisationId: string) => {
    const before = known.get(organisationId)
    if (before !== undefined) return before
    const reading = read(state, organisationId)
    known.set(organisationId, reading)
    // What could not be read is read again when it is next asked for.
    const forget = () => known.get(organisationId) === reading && known.delete(organisationId)
    reading.catch(forget)
    return reading
  }
  return {
    of: async (organisationId) => (await knownOf(organisationId)).views,
    accountTags: async (organisationId) => (await knownOf(organisationId)).accountTags,
    compiled: async (view) => {
      const { views, accountTags } = await knownOf(view.organisationId)
      const same = ({ view: { id, version } }: CompiledView) =>
        id === view.id && version === view.version
      return views.find(same) ?? compileView(view, accountTags)
    },
    segmentsOf: async (organisationId, resource) =>
      (await knownOf(organisationId)).views.map((compiled) =>
        alertSegment(compiled.view, compiled.segmentOf(resource)),
      ),
    close: stopWatching,
  }
}

/** @param at the index of the segment */
export function alertSegment(view: View, at: number): AlertSegment {
  const segment = view.segments[at]
  if (segment === undefined) throw new Error(`view ${view.id} has no segment at ${at}`)
  return {
    viewId: view.id,
    viewNumber: view.number,
    viewName: view.name,
    viewVersion: view.version,
    segmentId: segment.id,
    segmentNumber: segment.number,
    segmentTitle: segment.title,
  }
}

async function read(state: State, organisationId: string): Promise<Known> {
  const [views, accounts] = await Promise.all([
    VIEWS.all(state, organisationId),
    listAll(state, ACCOUNTS, isOf(organisationId)),
  ])
  // An account that was closed and came back is the one that is open.
  const ordered = accounts.toSorted((a, b) => closedFirst(a.status) - closedFirst(b.status))
  const accountTags = new Map(ordered.map(({ awsAccountId, tags }) => [awsAccountId, tags]))
  const inOrder = views.toSorted((a, b) => a.number - b.number)
  return { accountTags, views: inOrder.map((view) => compileView(view, accountTags)) }
}

function closedFirst(status: string): number {
  return status === 'CLOSED' ? 0 : 1
}
