import { RestError } from '#src/errors.ts'
import { faultOf } from '#src/model/catalogue/catalogue.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'
import { SERVICE_NAMES } from '#src/model/service-state.ts'
import type { ServiceState, ServiceStatus } from '#src/model/service-state.ts'
import { hasEnded } from '#src/model/task.ts'
import type { Organisation } from '#src/model/tenancy.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { validatorOf } from './service-validator.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { regionsRefusal } from './region-enabling.ts'
import { SERVICE_VERSIONS, putVersion, versionsPrefix } from './service-documents.ts'
import { modifiedBy, neverConfigured, serviceOf, tellOf } from './service-steps.ts'
import type { SignInSettingsChange, SignInSettingsOfOrganisations } from './sign-in-settings.ts'
import { TASKS, startTask } from './tasks.ts'

/** A service of an organisation; for a caller of one organisation its own where none is named. */
export interface ServiceAddress {
  readonly organisationId?: string | undefined
  readonly service: ServiceName
}

/** What whoever applies a configuration says became of it. */
export interface ServiceReport {
  readonly state: Exclude<ServiceStatus, 'CONFIGURING'>
  readonly errorCode?: string | undefined
  readonly message?: string | undefined
  /** The version that was applied; a report about an older configuration comes too late. */
  readonly version: number
}

export interface Services {
  list(caller: Principal, organisationId: string | undefined): Promise<readonly ServiceState[]>
  get(caller: Principal, address: ServiceAddress): Promise<ServiceState>
  /** Newest first. */
  history(
    caller: Principal,
    address: ServiceAddress,
    page: PageOfCaller,
  ): Promise<Page<ServiceState>>
  /** `taskId` where the hub itself applies it. */
  configure(
    caller: Principal,
    address: ServiceAddress,
    configuration: unknown,
  ): Promise<ServiceState>
  report(caller: Principal, address: ServiceAddress, report: ServiceReport): Promise<ServiceState>
}

export function createServices(
  { state, ids, actions }: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>,
  signInSettings: Pick<SignInSettingsOfOrganisations, 'put'>,
): Services {
  return {
    list: async (caller, organisationId) => {
      const organisation = await organisationFor(state, caller, organisationId)
      return Promise.all(SERVICE_NAMES.map((service) => serviceOf(state, organisation, service)))
    },
    get: async (caller, { organisationId, service }) =>
      serviceOf(state, await organisationFor(state, caller, organisationId), service),
    history: async (caller, { organisationId, service }, { after, limit }) => {
      const { id } = await organisationFor(state, caller, organisationId)
      const found = await state.list(SERVICE_VERSIONS, {
        prefix: versionsPrefix(id, service),
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      return pageOf(found, limit)
    },
    configure: async (caller, { organisationId, service }, given) => {
      if (service === 'SSO') {
        const organisation = await organisationFor(state, caller, organisationId)
        await signInSettings.put(caller, organisation.id, signInChange(given))
        return serviceOf(state, organisation, service)
      }
      return actions.perform(caller, async (step) => {
        const { transaction } = step
        const organisation = await organisationFor(transaction, caller, organisationId)
        const configuration = checkedConfiguration(service, given)
        const before = await serviceOf(transaction, organisation, service)
        const by = modifiedBy(caller, step.now)
        const { appliedBy } = before
        const wish = {
          ...neverConfigured(organisation, service),
          state: 'CONFIGURING' as const,
          ...by,
        }
        if (appliedBy === 'others') {
          tellOf(step, { ...wish, configuration })
          return putVersion(transaction, before, { ...wish, configuration })
        }
        const refusal =
          (await underWay(transaction, before)) ?? regionsRefusal(organisation, configuration)
        if (refusal !== undefined) {
          tellOf(step, before)
          throw refusal
        }
        // The event comes with the task's end, which is when it is so.
        const { taskId } = startTask(step, ids, {
          initiator: caller,
          organisationId: organisation.id,
          kind: 'ENABLE_REGIONS',
          input: { configuration },
        })
        return putVersion(transaction, before, { ...wish, configuration, taskId })
      })
    },
    report: (caller, { organisationId, service }, report) =>
      actions.perform(caller, async (step) => {
        const { transaction, now } = step
        const organisation = await organisationFor(transaction, caller, organisationId)
        const before = await serviceOf(transaction, organisation, service)
        if (before.appliedBy === 'hub') throw appliedByHub(before)
        if (before.version === 0) throw notConfigured(before)
        const refusal = reportRefusal(before, report)
        const { state: reported, errorCode, message } = report
        const after: ServiceState = {
          ...neverConfigured(organisation, service),
          state: reported,
          ...configurationOf(before),
          ...(errorCode !== undefined && { errorCode }),
          ...(message !== undefined && { message }),
          ...modifiedBy(caller, now),
        }
        if (refusal === undefined && sameReport(before, after)) return before
        tellOf(step, refusal === undefined ? after : before)
        if (refusal !== undefined) throw refusal
        return putVersion(transaction, before, after)
      }),
  }
}

async function organisationFor(
  transaction: Pick<StateTransaction, 'get'>,
  caller: Principal,
  organisationId: string | undefined,
): Promise<Organisation> {
  const id = organisationId ?? caller.organisationId
  if (id !== undefined) return organisationOf(transaction, caller, id)
  throw new RestError(
    400,
    'organisation.missing',
    'the operator acts for every organisation: say which one with ?organisationId=',
  )
}

function checkedConfiguration(service: ServiceName, given: unknown) {
  const fault = faultOf(validatorOf(service), given)
  if (fault === undefined) return given as Readonly<Record<string, unknown>>
  throw new RestError(
    400,
    'service.invalid-configuration',
    `the configuration of ${service} is not valid: ${fault}`,
  )
}

/** How people sign in is kept with its secret, and takes effect with the next sign-in. */
function signInChange(given: unknown): SignInSettingsChange {
  const { ClientSecret, ...configuration } = given as Readonly<Record<string, unknown>>
  checkedConfiguration('SSO', configuration)
  const isSecret =
    ClientSecret === undefined ||
    ClientSecret === null ||
    (typeof ClientSecret === 'string' && ClientSecret !== '')
  if (isSecret) return given as SignInSettingsChange
  throw new RestError(
    400,
    'service.invalid-configuration',
    'the configuration of SSO is not valid: "ClientSecret" must be a text, or null to drop it',
  )
}

/** What a report does not change. */
function configurationOf({ configuration, configurationVersion }: ServiceState) {
  return {
    ...(configuration !== undefined && { configuration }),
    ...(configurationVersion !== undefined && { configurationVersion }),
  }
}

async function underWay(
  transaction: StateTransaction,
  { state, service, taskId }: ServiceState,
): Promise<RestError | undefined> {
  if (state !== 'CONFIGURING' || taskId === undefined) return undefined
  const task = await transaction.get(TASKS, taskId)
  if (task === undefined || hasEnded(task)) return undefined
  return new RestError(
    409,
    'service.configuring',
    `${service} is being configured by the task "${taskId}": wait for its end`,
  )
}

function appliedByHub({ service }: ServiceState): RestError {
  return new RestError(
    409,
    'service.applied-by-hub',
    `${service} is applied by the hub itself, which knows its state`,
  )
}

function notConfigured({ service }: ServiceState): RestError {
  return new RestError(
    409,
    'service.not-configured',
    `${service} was never configured, so there is nothing to report of it: configure it first`,
  )
}

function reportRefusal(before: ServiceState, report: ServiceReport): RestError | undefined {
  const { service, version, configurationVersion = version } = before
  if (report.version >= configurationVersion && report.version <= version) return undefined
  return new RestError(
    409,
    'service.outdated',
    `the report is about version ${report.version} of ${service}, whose configuration is that of version ${configurationVersion}: apply that one`,
  )
}

function sameReport(before: ServiceState, after: ServiceState): boolean {
  return (
    before.state === after.state &&
    before.errorCode === after.errorCode &&
    before.message === after.message
  )
}
