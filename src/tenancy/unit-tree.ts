import type { OrganisationalUnit } from '#src/model/tenancy.ts'

/** The organisational units of one organisation as a tree below a root that is none itself. */
export interface UnitTree {
  unit(id: string): OrganisationalUnit | undefined
  /** Of the root, where no id is given. */
  childrenOf(id: string | undefined): readonly OrganisationalUnit[]
  /** Units from the root down to this one: 1 directly below the root. 0 is the root. */
  depthOf(id: string | undefined): number
  /** Levels from this unit down to the deepest below it: 1 where there is none. */
  heightOf(id: string): number
  /** Whether `id` is `ancestor` or lies below it. */
  isWithin(id: string | undefined, ancestor: string): boolean
}

/** AWS's limit: units are nested five levels deep below the root. */
export const UNIT_DEPTH_MAX = 5

export function unitTree(units: readonly OrganisationalUnit[]): UnitTree {
  const byId = new Map(units.map((unit) => [unit.id, unit]))
  const children = Map.groupBy(units, ({ parentId }) => parentId)
  const pathOf = (id: string | undefined): readonly string[] =>
    id === undefined ? [] : [...pathOf(byId.get(id)?.parentId), id]
  const childrenOf = (id: string | undefined) => children.get(id) ?? []
  const heightOf = (id: string): number =>
    1 + Math.max(0, ...childrenOf(id).map((child) => heightOf(child.id)))
  return {
    unit: (id) => byId.get(id),
    childrenOf,
    depthOf: (id) => pathOf(id).length,
    heightOf,
    isWithin: (id, ancestor) => pathOf(id).includes(ancestor),
  }
}
