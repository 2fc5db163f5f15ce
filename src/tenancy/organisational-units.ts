import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { OrganisationalUnit } from '#src/model/tenancy.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { toldOnceDone } from './actions.ts'
import type { Actions, Initiator, Step } from './actions.ts'
import { isOf, listAccepted, listAll } from './documents.ts'
import { remember } from './history.ts'
import {
  ORGANISATIONAL_UNITS,
  UNIT_TREE_REVISIONS,
  noSuchUnit,
} from './organisational-unit-documents.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { UNIT_DEPTH_MAX, unitTree } from './unit-tree.ts'
import type { UnitTree } from './unit-tree.ts'

export interface NewUnit {
  readonly organisationId: string
  readonly name: string
  /** Absent: directly below the root. */
  readonly parentId?: string | undefined
  readonly awsOrganizationalUnitId?: string | undefined
}

export interface UnitChange {
  readonly name?: string | undefined
  /** null: directly below the root. */
  readonly parentId?: string | null | undefined
  readonly awsOrganizationalUnitId?: string | undefined
}

export interface OrganisationalUnits {
  create(caller: Principal, given: NewUnit): Promise<OrganisationalUnit>
  get(caller: Principal, id: string): Promise<OrganisationalUnit>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<OrganisationalUnit>>
  /** Renames or moves a unit with all that is in it. */
  update(caller: Principal, id: string, change: UnitChange): Promise<OrganisationalUnit>
  remove(caller: Principal, id: string): Promise<void>
  /** The same for who keeps units in step: without a caller to be checked, or FAILED events. */
  readonly kept: KeptUnits
}

export interface KeptUnits {
  of(organisationId: string): Promise<readonly OrganisationalUnit[]>
  create(initiator: Initiator | undefined, given: NewUnit): Promise<OrganisationalUnit>
  update(
    initiator: Initiator | undefined,
    id: string,
    change: UnitChange,
  ): Promise<OrganisationalUnit>
  remove(initiator: Initiator | undefined, id: string): Promise<void>
}

export function createOrganisationalUnits({
  state,
  ids,
  actions,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>): OrganisationalUnits {
  const { create, update, remove } = unitSteps(state, ids)
  const perform: Actions['perform'] = (initiator, body) =>
    actions.perform(initiator, (step) => toldOnceDone(step, body))
  return {
    create: (caller, given) =>
      actions.perform(caller, async (step) => {
        await organisationOf(step.transaction, caller, given.organisationId)
        return create(step, given)
      }),
    get: async (caller, id) => unitOf(state, caller, id),
    list: (caller, { organisationId, ...page }) =>
      listAccepted(state, ORGANISATIONAL_UNITS, {
        ...page,
        accept: (unit) =>
          reaches(caller, unit.organisationId) &&
          (organisationId === undefined || organisationId === unit.organisationId),
      }),
    update: (caller, id, change) =>
      actions.perform(caller, async (step) =>
        update(step, await unitOf(step.transaction, caller, id), change),
      ),
    remove: async (caller, id) => {
      await actions.perform(caller, async (step) =>
        remove(step, await unitOf(step.transaction, caller, id)),
      )
    },
    kept: {
      of: (organisationId) => unitsOf(state, organisationId),
      create: (initiator, given) => perform(initiator, (step) => create(step, given)),
      update: (initiator, id, change) =>
        perform(initiator, async (step) => update(step, await existing(step, id), change)),
      remove: (initiator, id) =>
        perform(initiator, async (step) => remove(step, await existing(step, id))),
    },
  }
}

/** The parts of an action that change the tree, whoever acts. */
function unitSteps(state: State, ids: OrganisationPorts['ids']) {
  const keep = (
    { transaction, moment }: Step,
    unit: OrganisationalUnit,
    before?: OrganisationalUnit,
  ) => {
    transaction.put(ORGANISATIONAL_UNITS, unit.id, unit)
    remember(transaction, moment, 'organisational-unit', [unit.id, unit, before])
    return unit
  }

  const create = async (step: Step, { organisationId, name, parentId, ...given }: NewUnit) => {
    const { now, tell } = step
    const tree = await treeForChange(state, step, organisationId)
    if (parentId !== undefined && tree.unit(parentId) === undefined) throw noSuchUnit(parentId)
    const { awsOrganizationalUnitId } = given
    const unit: OrganisationalUnit = {
      id: ids.timeOrderedUuid(now),
      organisationId,
      name,
      ...(parentId !== undefined && { parentId }),
      ...(awsOrganizationalUnitId !== undefined && { awsOrganizationalUnitId }),
      accountCount: 0,
      createdAt: now,
      modifiedAt: now,
    }
    tell('OrganisationalUnitCreateEvent', happening(unit))
    refuseTwin(tree, unit)
    refuseDepth(tree.depthOf(parentId) + 1)
    return keep(step, unit)
  }

  const update = async (step: Step, before: OrganisationalUnit, change: UnitChange) => {
    const tree = await treeForChange(state, step, before.organisationId)
    const parentId =
      change.parentId === undefined ? before.parentId : (change.parentId ?? undefined)
    if (parentId !== undefined && tree.unit(parentId) === undefined) throw noSuchUnit(parentId)
    const { parentId: _, ...rest } = before
    const { awsOrganizationalUnitId } = change
    const after: OrganisationalUnit = {
      ...rest,
      name: change.name ?? before.name,
      ...(parentId !== undefined && { parentId }),
      ...(awsOrganizationalUnitId !== undefined && { awsOrganizationalUnitId }),
      modifiedAt: step.now,
    }
    const changed = namesOf(change, before)
    if (changed.length === 0) return before
    const told = happening(after)
    step.tell('OrganisationalUnitUpdateEvent', { ...told, fields: { ...told.fields, changed } })
    if (tree.isWithin(parentId, before.id)) {
      throw new RestError(
        409,
        'organisational-unit.cycle',
        `the unit "${before.name}" cannot be moved into itself or a unit within it`,
      )
    }
    refuseTwin(tree, after)
    refuseDepth(tree.depthOf(parentId) + tree.heightOf(before.id))
    return keep(step, after, before)
  }

  const remove = async (step: Step, unit: OrganisationalUnit) => {
    const tree = await treeForChange(state, step, unit.organisationId)
    step.tell('OrganisationalUnitDeleteEvent', happening(unit))
    const units = tree.childrenOf(unit.id).length
    if (units > 0 || unit.accountCount > 0) {
      throw new RestError(
        409,
        'organisational-unit.not-empty',
        `the unit "${unit.name}" holds ${units} units and ${unit.accountCount} accounts: move them elsewhere first`,
      )
    }
    step.transaction.delete(ORGANISATIONAL_UNITS, unit.id)
  }

  return { create, update, remove }
}

/**
 * The tree as it is, for a step that changes it. Lists are no part of a transaction: whoever
 * changes the tree also changes its revision, so that of two at once one starts over.
 */
async function treeForChange(
  state: State,
  { transaction }: Step,
  organisationId: string,
): Promise<UnitTree> {
  const revision = (await transaction.get(UNIT_TREE_REVISIONS, organisationId)) ?? 0
  transaction.put(UNIT_TREE_REVISIONS, organisationId, revision + 1)
  return unitTree(await unitsOf(state, organisationId))
}

function unitsOf(state: State, organisationId: string): Promise<readonly OrganisationalUnit[]> {
  return listAll(state, ORGANISATIONAL_UNITS, isOf(organisationId))
}

function refuseTwin(tree: UnitTree, { id, name, parentId }: OrganisationalUnit): void {
  if (!tree.childrenOf(parentId).some((other) => other.name === name && other.id !== id)) return
  const place = parentId === undefined ? 'below the root' : `in "${tree.unit(parentId)?.name}"`
  throw new RestError(
    409,
    'organisational-unit.name-taken',
    `there already is a unit "${name}" directly ${place}: choose another name`,
  )
}

function refuseDepth(depth: number): void {
  if (depth <= UNIT_DEPTH_MAX) return
  throw new RestError(
    409,
    'organisational-unit.too-deep',
    `units nest at most ${UNIT_DEPTH_MAX} levels deep, and this would make ${depth}`,
  )
}

function happening({ id, name, parentId, organisationId }: OrganisationalUnit) {
  const fields = {
    organisationalUnitId: id,
    organisationalUnitName: name,
    ...(parentId !== undefined && { parentId }),
  }
  return { organisationId, fields }
}

async function existing({ transaction }: Step, id: string): Promise<OrganisationalUnit> {
  const unit = await transaction.get(ORGANISATIONAL_UNITS, id)
  if (unit === undefined) throw noSuchUnit(id)
  return unit
}

async function unitOf(
  transaction: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<OrganisationalUnit> {
  const unit = await transaction.get(ORGANISATIONAL_UNITS, id)
  if (unit !== undefined && reaches(caller, unit.organisationId)) return unit
  throw new RestError(
    404,
    'organisational-unit.not-found',
    `there is no organisational unit "${id}"`,
  )
}
