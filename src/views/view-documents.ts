import { RestError } from '#src/errors.ts'
import type { View } from '#src/model/view.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { namedDocuments } from '#src/tenancy/named-documents.ts'

/** Each finding is looked up in all of them. */
export const VIEWS_PER_ORGANISATION_MAX = 100
/** How far back a version of a view can be read that an alert has told. */
export const VERSIONS_KEPT = 100

export const VIEWS = namedDocuments<View>('view', VIEWS_PER_ORGANISATION_MAX)
/** By view and version. */
const VERSIONS = collection<View>('view-versions')
/** By view. */
const USES = collection<readonly ViewUse[]>('view-uses')

/** What is checked by a view, and so stands in the way of its end. */
export interface ViewUse {
  readonly kind: 'budget' | 'notification' | 'spike detector'
  readonly id: string
  readonly name: string
  /** Absent: all segments. */
  readonly segmentId?: string | undefined
}

/** Keeps a version beside the view itself, and forgets one that is long past. */
export function keepVersion(transaction: StateTransaction, view: View): void {
  transaction.put(VERSIONS, versionKey(view.id, view.version), view)
  const past = view.version - VERSIONS_KEPT
  if (past > 0) transaction.delete(VERSIONS, versionKey(view.id, past))
}

export function forgetVersions(transaction: StateTransaction, { id, version }: View): void {
  for (let one = Math.max(1, version - VERSIONS_KEPT + 1); one <= version; one += 1) {
    transaction.delete(VERSIONS, versionKey(id, one))
  }
}

/** @throws RestError 404 where there is none, or not any more */
export async function versionOf(
  from: Pick<StateTransaction, 'get'>,
  view: View,
  version: number,
): Promise<View> {
  const found = await from.get(VERSIONS, versionKey(view.id, version))
  if (found !== undefined) return found
  throw new RestError(
    404,
    'view.version-not-found',
    `the view has no version ${version}: it is at ${view.version}, and the last ${VERSIONS_KEPT} are kept`,
  )
}

/** Says that something is checked by a view or, without a use, is not any more. */
export async function setUse(
  transaction: StateTransaction,
  viewId: string,
  { id, use }: { readonly id: string; readonly use?: ViewUse | undefined },
): Promise<void> {
  const others = ((await transaction.get(USES, viewId)) ?? []).filter((one) => one.id !== id)
  const all = use === undefined ? others : [...others, use]
  if (all.length === 0) transaction.delete(USES, viewId)
  else transaction.put(USES, viewId, all)
}

/** @throws RestError 409 where segments that are to go, or the view as a whole, are in use */
export async function refuseWhereUsed(
  transaction: StateTransaction,
  viewId: string,
  isGone: (segmentId: string | undefined) => boolean,
): Promise<void> {
  const uses = (await transaction.get(USES, viewId)) ?? []
  const [first] = uses.filter(({ segmentId }) => isGone(segmentId))
  if (first === undefined) return
  throw new RestError(
    409,
    'view.in-use',
    `the ${first.kind} "${first.name}" looks at it: change or delete that first`,
  )
}

function versionKey(id: string, version: number): string {
  return `${id}|${String(version).padStart(VERSION_DIGITS, '0')}`
}

const VERSION_DIGITS = 9
