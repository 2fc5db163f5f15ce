import { RestError, StoreFullFault } from '#src/errors.ts'
import type { Organisation } from '#src/model/tenancy.ts'
import { ORGANISATIONS } from './documents.ts'
import { remember } from './history.ts'
import type { OrganisationPorts } from './organisations.ts'
import { putVersion } from './service-documents.ts'
import { serviceOf, tellOf } from './service-steps.ts'
import type { TaskWork } from './task-runner.ts'

interface RegionsConfiguration {
  readonly Enabled: readonly string[]
  readonly Disabled?: readonly string[]
}

/** Why regions cannot be configured so; undefined where they can. */
export function regionsRefusal(
  organisation: Organisation,
  configuration: object,
): RestError | undefined {
  const { Enabled, Disabled = [] } = configuration as RegionsConfiguration
  const both = Enabled.filter((region) => Disabled.includes(region))
  if (both.length > 0) {
    return new RestError(
      400,
      'service.invalid-configuration',
      `a region is enabled or disabled, and ${both.join(', ')} would be both`,
    )
  }
  const removed = organisation.regions.filter((region) => !Enabled.includes(region))
  if (removed.length === 0) return undefined
  return new RestError(
    409,
    'organisation.region-in-use',
    `regions cannot be taken away from an organisation, and ${removed.join(', ')} would be: enable them too`,
  )
}

type RegionPorts = Pick<OrganisationPorts, 'state' | 'wiring' | 'actions'>

/**
 * Enables regions: wires every account in them, and only then has the organisation take events of
 * them. What is wired already stays as it is, so that it can be done again.
 */
export function createRegionEnabling(ports: RegionPorts) {
  return async (work: TaskWork): Promise<void> => {
    try {
      await enable(ports, work)
    } catch (error) {
      // These are tried again, as the same task.
      const again = work.signal.aborted || error instanceof StoreFullFault
      if (!again) await markFailed(ports, work)
      throw error
    }
  }
}

async function enable({ state, wiring, actions }: RegionPorts, work: TaskWork): Promise<void> {
  const { configuration } = work.input as { readonly configuration: RegionsConfiguration }
  const before = await state.get(ORGANISATIONS, work.organisationId)
  if (before === undefined) return
  const wired = { ...before, regions: union(before.regions, configuration.Enabled) }
  await wiring.wireOrganisation(wired, (done, total) => work.report(done, total))
  const enabled = await actions.perform(work.initiator, async ({ transaction, moment, tell }) => {
    const organisation = await transaction.get(ORGANISATIONS, work.organisationId)
    if (organisation === undefined) return []
    const regions = union(organisation.regions, configuration.Enabled)
    if (regions.length === organisation.regions.length) return []
    const after: Organisation = { ...organisation, regions }
    const fields = { regions, changed: ['regions'] }
    tell('OrganisationUpdateEvent', { organisationId: organisation.id, fields })
    transaction.put(ORGANISATIONS, after.id, after)
    remember(transaction, moment, 'organisation', [after.id, after, organisation])
    return regions.filter((one) => !organisation.regions.includes(one))
  })
  if (enabled.length > 0) work.log(`enabled ${enabled.join(', ')}`)
  // Accounts that were added while the others were wired know the old regions only.
  await wiring.wireOrganisation(wired)
  await actions.perform(work.initiator, async (step) => {
    const { transaction, now } = step
    const organisation = await transaction.get(ORGANISATIONS, work.organisationId)
    if (organisation === undefined) return
    const service = await serviceOf(transaction, organisation, 'REGIONS')
    const { Disabled = [] } = configuration
    const Enabled = organisation.regions
    work.complete(transaction, { regions: Enabled })
    if (service.taskId !== work.id) return
    const done = {
      ...service,
      state: 'ACTIVE' as const,
      configuration: { Enabled, Disabled: Disabled.filter((one) => !Enabled.includes(one)) },
      modifiedAt: now,
    }
    tellOf(step, done)
    putVersion(transaction, service, done)
  })
}

/** So that it is seen, and can be configured again. */
async function markFailed({ actions }: RegionPorts, work: TaskWork): Promise<void> {
  await actions.perform(work.initiator, async (step) => {
    const { transaction, now } = step
    const organisation = await transaction.get(ORGANISATIONS, work.organisationId)
    if (organisation === undefined) return
    const service = await serviceOf(transaction, organisation, 'REGIONS')
    if (service.taskId !== work.id) return
    const failed = {
      ...service,
      state: 'ERROR' as const,
      errorCode: 'task.failed',
      message: `the task "${work.id}" failed: configure the regions again`,
      modifiedAt: now,
    }
    tellOf(step, failed)
    putVersion(transaction, service, failed)
  })
}

function union(regions: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...regions, ...more])]
}
