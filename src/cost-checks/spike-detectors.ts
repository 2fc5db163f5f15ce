import { RestError } from '#src/errors.ts'
import { DETECTOR_DEFAULTS, SCORE_DEFAULTS } from '#src/model/budget.ts'
import type { SpikeDetector } from '#src/model/budget.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { namedDocuments } from '#src/tenancy/named-documents.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import { namesOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { setUse } from '#src/views/view-documents.ts'
import { definedOnly, viewOf } from './budgets.ts'
import type { CostCheckPorts } from './budgets.ts'
import type { Incident } from './incidents.ts'

/** All look at each import, some at each account. */
const DETECTORS_PER_ORGANISATION_MAX = 100

export const DETECTORS = namedDocuments<SpikeDetector>(
  'spike-detector',
  DETECTORS_PER_ORGANISATION_MAX,
)
/** By detector and scope: the newest incident there. */
export const INCIDENTS = collection<Incident>('spike-incidents')
/** By detector: the first day that it tells of. */
export const WATCHED_FROM = collection<string>('spike-watched-from')

type Settings = Omit<SpikeDetector, 'id' | 'number' | 'organisationId' | 'createdAt' | 'modifiedAt'>
type Given<T> = { readonly [Key in keyof T]?: T[Key] | undefined }

export interface NewSpikeDetector extends Given<Omit<Settings, 'name' | 'scope'>> {
  readonly organisationId: string
  readonly name: string
  readonly scope: SpikeDetector['scope']
}
/** What it looks at stays as it is: incidents there would have no end. */
export type SpikeDetectorChange = Given<Omit<Settings, 'scope' | 'currency'>>

/** What looks for days that cost much more than days like them. */
export interface SpikeDetectors {
  create(caller: Principal, given: NewSpikeDetector): Promise<SpikeDetector>
  get(caller: Principal, id: string): Promise<SpikeDetector>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<SpikeDetector>>
  update(caller: Principal, id: string, change: SpikeDetectorChange): Promise<SpikeDetector>
  remove(caller: Principal, id: string): Promise<void>
}

export function createSpikeDetectors({ state, ids, actions }: CostCheckPorts): SpikeDetectors {
  return {
    create: (caller, { organisationId, ...given }) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        await DETECTORS.reachable(transaction, caller, organisationId)
        const { method = DETECTOR_DEFAULTS.method } = given
        const detector: SpikeDetector = {
          id: ids.timeOrderedUuid(now),
          number: await nextNumber(transaction, organisationId, 'spike-detector'),
          organisationId,
          ...DETECTOR_DEFAULTS,
          score: SCORE_DEFAULTS[method],
          ...definedOnly(given),
          name: given.name,
          scope: given.scope,
          createdAt: now,
          modifiedAt: now,
        }
        await checkScope(transaction, detector)
        tell('SpikeDetectorCreateEvent', happeningTo(detector))
        await DETECTORS.add(transaction, detector)
        await useView(transaction, detector)
        return detector
      }),
    get: (caller, id) => DETECTORS.found(state, caller, id),
    list: (caller, page) => DETECTORS.list(state, caller, page),
    update: (caller, id, change) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await DETECTORS.found(transaction, caller, id)
        const changed = namesOf(change, before)
        if (changed.length === 0) return before
        const after: SpikeDetector = { ...before, ...definedOnly(change), modifiedAt: now }
        tell('SpikeDetectorUpdateEvent', happeningTo(after, { changed }))
        await DETECTORS.replace(transaction, before, after)
        await useView(transaction, after)
        return after
      }),
    remove: async (caller, id) => {
      await actions.perform(caller, async ({ transaction, tell }) => {
        const detector = await DETECTORS.found(transaction, caller, id)
        tell('SpikeDetectorDeleteEvent', happeningTo(detector))
        await DETECTORS.remove(transaction, detector)
        transaction.delete(WATCHED_FROM, id)
        const { viewId } = detector.scope
        if (viewId !== undefined) await setUse(transaction, viewId, { id })
      })
      await forgetIncidents(state, id)
    },
  }
}

async function checkScope(
  transaction: StateTransaction,
  { scope, organisationId }: SpikeDetector,
): Promise<void> {
  const { kind, viewId } = scope
  if ((kind === 'VIEW') !== (viewId !== undefined)) {
    throw new RestError(
      400,
      'spike-detector.invalid-scope',
      kind === 'VIEW'
        ? 'a detector of the kind VIEW needs the viewId of the view'
        : `only a detector of the kind VIEW has a viewId, and this one is of the kind ${kind}`,
    )
  }
  if (viewId !== undefined) await viewOf(transaction, organisationId, viewId)
}

async function useView(transaction: StateTransaction, detector: SpikeDetector): Promise<void> {
  const { id, name, scope } = detector
  if (scope.viewId === undefined) return
  await setUse(transaction, scope.viewId, { id, use: { kind: 'spike detector', id, name } })
}

const DOCUMENTS_PER_READ = 500

async function forgetIncidents(state: State, id: string): Promise<void> {
  for (;;) {
    const found = await state.list(INCIDENTS, { prefix: `${id}|`, limit: DOCUMENTS_PER_READ })
    if (found.length === 0) return
    await state.transact(async (transaction) => {
      for (const { key } of found) transaction.delete(INCIDENTS, key)
    })
  }
}

function happeningTo(detector: SpikeDetector, more: object = {}) {
  const { id, number, name, organisationId } = detector
  const fields = { spikeDetectorId: id, spikeDetectorNumber: number, spikeDetectorName: name }
  return { organisationId, fields: { ...fields, ...more } }
}
