import { RestError } from '#src/errors.ts'
import type { OrganisationalUnit } from '#src/model/tenancy.ts'
import { collection } from '#src/ports/state.ts'
import type { Step } from './actions.ts'

export const ORGANISATIONAL_UNITS = collection<OrganisationalUnit>('organisational-units')
/** By organisation: counts the changes of its tree, so that two at once cannot miss each other. */
export const UNIT_TREE_REVISIONS = collection<number>('organisational-unit-revisions')

/** Counts an account into a unit. @throws RestError organisational-unit.not-found */
export async function enterUnit(
  { transaction }: Step,
  organisationId: string,
  id: string | undefined,
): Promise<void> {
  if (id === undefined) return
  const unit = await transaction.get(ORGANISATIONAL_UNITS, id)
  if (unit?.organisationId !== organisationId) throw noSuchUnit(id)
  transaction.put(ORGANISATIONAL_UNITS, id, { ...unit, accountCount: unit.accountCount + 1 })
}

/** Counts an account out of its unit. */
export async function leaveUnit({ transaction }: Step, id: string | undefined): Promise<void> {
  const unit = id === undefined ? undefined : await transaction.get(ORGANISATIONAL_UNITS, id)
  if (unit === undefined) return
  transaction.put(ORGANISATIONAL_UNITS, unit.id, { ...unit, accountCount: unit.accountCount - 1 })
}

export function noSuchUnit(id: string): RestError {
  return new RestError(
    404,
    'organisational-unit.not-found',
    `there is no organisational unit "${id}" in this organisation`,
  )
}
