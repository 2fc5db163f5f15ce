import { RestError } from '#src/errors.ts'
import type { OrganisationalUnit } from '#src/model/tenancy.ts'
import type { AwsUnit } from '#src/ports/aws-organization.ts'
import type { KeptUnits } from './organisational-units.ts'
import type { TaskWork } from './task-runner.ts'
import { UNIT_DEPTH_MAX, unitTree } from './unit-tree.ts'

/** By AWS's id of a unit: ours. */
export type UnitIds = ReadonlyMap<string, string>

/**
 * Makes, renames and moves organisational units so that they are as in AWS Organizations. A unit
 * of ours with the same name in the same place is taken for AWS's.
 */
export async function keepUnits(
  work: TaskWork,
  units: KeptUnits,
  listed: readonly AwsUnit[],
): Promise<UnitIds> {
  const { organisationId, initiator } = work
  const ours = new Map<string, string>()

  const keep = async (unit: AwsUnit): Promise<void> => {
    const parentId = unit.parentId === undefined ? undefined : ours.get(unit.parentId)
    if (unit.parentId !== undefined && parentId === undefined) {
      throw new RestError(409, 'organisational-unit.no-parent', 'the unit above it is missing')
    }
    const found = sameUnit(await units.of(organisationId), unit, parentId)
    const { name, id: awsOrganizationalUnitId } = unit
    if (found === undefined) {
      const given = { organisationId, name, parentId, awsOrganizationalUnitId }
      ours.set(unit.id, (await units.create(initiator, given)).id)
      return
    }
    ours.set(unit.id, found.id)
    const change = {
      ...(found.name !== name && { name }),
      ...(found.parentId !== parentId && { parentId: parentId ?? null }),
    }
    const adopted = found.awsOrganizationalUnitId !== awsOrganizationalUnitId
    if (Object.keys(change).length === 0 && !adopted) return
    await units.update(initiator, found.id, {
      ...change,
      ...(adopted && { awsOrganizationalUnitId }),
    })
  }

  // A name or a level may be taken until another unit has moved away.
  let waiting = listed
  for (let pass = 1; pass <= UNIT_DEPTH_MAX && waiting.length > 0; pass += 1) {
    const refused: AwsUnit[] = []
    for (const unit of waiting) {
      work.signal.throwIfAborted()
      try {
        await keep(unit)
      } catch (error) {
        if (!(error instanceof RestError)) throw error
        refused.push(unit)
        if (pass === UNIT_DEPTH_MAX)
          work.log(`unit "${unit.name}" was left as it is: ${error.message}`)
      }
    }
    waiting = refused
  }
  return ours
}

/** Deletes units that AWS Organizations has no more, once they are empty. */
export async function removeGoneUnits(
  work: TaskWork,
  units: KeptUnits,
  listed: readonly AwsUnit[],
): Promise<void> {
  const known = new Set(listed.map(({ id }) => id))
  const all = await units.of(work.organisationId)
  const tree = unitTree(all)
  const gone = all
    .filter(({ awsOrganizationalUnitId: id }) => id !== undefined && !known.has(id))
    .toSorted((a, b) => tree.depthOf(b.id) - tree.depthOf(a.id))
  for (const { id, name } of gone) {
    try {
      await units.remove(work.initiator, id)
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      work.log(`unit "${name}" is gone in AWS and stays here: ${error.message}`)
    }
  }
}

function sameUnit(
  units: readonly OrganisationalUnit[],
  { id, name }: AwsUnit,
  parentId: string | undefined,
): OrganisationalUnit | undefined {
  return (
    units.find((unit) => unit.awsOrganizationalUnitId === id) ??
    units.find(
      (unit) =>
        unit.awsOrganizationalUnitId === undefined &&
        unit.name === name &&
        unit.parentId === parentId,
    )
  )
}
