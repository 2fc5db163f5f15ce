import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { GivenSegment, View, ViewDimension } from '#src/model/view.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions, Step } from '#src/tenancy/actions.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import { namesOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { checkSegments, identified } from './given-segments.ts'
import { VIEWS, forgetVersions, keepVersion, refuseWhereUsed, versionOf } from './view-documents.ts'

export interface NewView {
  readonly organisationId: string
  readonly name: string
  readonly description?: string | undefined
  readonly kind: View['kind']
  readonly dimension?: ViewDimension | undefined
  readonly segments: readonly GivenSegment[]
}

export interface ViewChange {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly dimension?: ViewDimension | undefined
  /** All of them, in their new order. */
  readonly segments?: readonly GivenSegment[] | undefined
}

/** Named partitions of what an organisation has and pays for. */
export interface Views {
  create(caller: Principal, given: NewView): Promise<View>
  /** The newest version, or the one that is asked for. */
  get(caller: Principal, id: string, version?: number): Promise<View>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<View>>
  /** Makes a new version, unless nothing changes. */
  update(caller: Principal, id: string, change: ViewChange): Promise<View>
  remove(caller: Principal, id: string): Promise<void>
}

export interface ViewPorts {
  readonly state: State
  readonly ids: Ids
  readonly actions: Actions
}

export function createViews({ state, ids, actions }: ViewPorts): Views {
  const newSegment = async ({ transaction, now }: Step, organisationId: string) => ({
    id: ids.timeOrderedUuid(now),
    number: await nextNumber(transaction, organisationId, 'segment'),
  })
  return {
    create: async (caller, { segments, description, dimension, ...given }) => {
      checkSegments({ kind: given.kind, dimension }, segments)
      return actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const { organisationId } = given
        await VIEWS.reachable(transaction, caller, organisationId)
        const view: View = {
          id: ids.timeOrderedUuid(now),
          number: await nextNumber(transaction, organisationId, 'view'),
          ...given,
          ...(description !== undefined && { description }),
          version: 1,
          ...(dimension !== undefined && { dimension }),
          segments: [...(await identified(segments, [], () => newSegment(step, organisationId)))],
          createdAt: now,
          modifiedAt: now,
        }
        tell('ViewCreateEvent', happeningTo(view))
        await VIEWS.add(transaction, view)
        keepVersion(transaction, view)
        return view
      })
    },
    get: async (caller, id, version) => {
      const view = await VIEWS.found(state, caller, id)
      return version === undefined ? view : versionOf(state, view, version)
    },
    list: (caller, page) => VIEWS.list(state, caller, page),
    update: (caller, id, { segments: given, ...change }) =>
      actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const before = await VIEWS.found(transaction, caller, id)
        const { kind, dimension = before.dimension } = { ...before, ...change }
        const kept = before.segments.slice(0, -1)
        checkSegments({ kind, dimension }, given ?? kept)
        const segments =
          given === undefined
            ? before.segments
            : await identified(given, before.segments, () =>
                newSegment(step, before.organisationId),
              )
        const changed = namesOf({ ...change, segments }, before)
        if (changed.length === 0) return before
        const after: View = {
          ...before,
          ...present(change),
          segments: [...segments],
          version: before.version + 1,
          modifiedAt: now,
        }
        tell('ViewUpdateEvent', happeningTo(after, { changed }))
        const stay = new Set(segments.map((segment) => segment.id))
        const isGone = (segment: string | undefined) => segment !== undefined && !stay.has(segment)
        await refuseWhereUsed(transaction, id, isGone)
        await VIEWS.replace(transaction, before, after)
        keepVersion(transaction, after)
        return after
      }),
    remove: (caller, id) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const view = await VIEWS.found(transaction, caller, id)
        tell('ViewDeleteEvent', happeningTo(view))
        await refuseWhereUsed(transaction, id, () => true)
        forgetVersions(transaction, view)
        await VIEWS.remove(transaction, view)
      }),
  }
}

/** The segment of that id. @throws RestError 400 */
export function segmentIn(view: View, segmentId: string): View['segments'][number] {
  const found = view.segments.find(({ id }) => id === segmentId)
  if (found !== undefined) return found
  throw new RestError(
    400,
    'view.segment-not-found',
    `the view "${view.name}" has no segment "${segmentId}"`,
  )
}

function present({ name, description, dimension }: ViewChange) {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(dimension !== undefined && { dimension }),
  }
}

function happeningTo(view: View, more: object = {}) {
  const { id, number, name, version, organisationId } = view
  const fields = { viewId: id, viewNumber: number, viewName: name, viewVersion: version, ...more }
  return { organisationId, fields }
}
