import { isDeepStrictEqual } from 'node:util'

import { RestError } from '#src/errors.ts'
import { SYNC_EVERY_MINUTES_DEFAULT } from '#src/model/aws-organization.ts'
import type { AwsOrganizationSettings, GivenAwsOrganization } from '#src/model/aws-organization.ts'
import type { Principal } from '#src/model/principal.ts'
import { hasEnded } from '#src/model/task.ts'
import type { AwsOrganizationAccess } from '#src/ports/aws-organization.ts'
import { pause } from '#src/ports/patiently.ts'
import { collection } from '#src/ports/state.ts'
import type { Initiator, Step } from './actions.ts'
import { listAll } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts } from './organisations.ts'
import { TASKS, startTask } from './tasks.ts'
import type { Vault } from './vault.ts'

/** How organisations are kept in step with AWS Organizations, and when. */
export interface Discovery {
  get(caller: Principal, organisationId: string): Promise<AwsOrganizationSettings>
  set(
    caller: Principal,
    organisationId: string,
    given: GivenAwsOrganization,
  ): Promise<AwsOrganizationSettings>
  /** Starts a task that brings an organisation in step, or answers the one under way. */
  start(caller: Principal, organisationId: string): Promise<{ readonly taskId: string }>
  /** Starts these tasks when it is time, until the signal aborts. */
  keepStarting(signal: AbortSignal): Promise<void>
}

/** Settings with the secret, sealed. */
export interface StoredSettings extends AwsOrganizationSettings {
  readonly sealedSecret?: string
  readonly lastStartedAt?: number
}

/** By organisation. */
export const AWS_ORGANIZATIONS = collection<StoredSettings>('aws-organizations')

const LOOK_EVERY_MS = 10_000
const MINUTE_MS = 60_000

export interface DiscoveryPorts extends Pick<
  OrganisationPorts,
  'state' | 'clock' | 'ids' | 'actions'
> {
  readonly vault: Vault
  /** Why the hub would not connect to a URL. */
  readonly urlRefusal: (url: string) => string | undefined
  readonly onFault: (error: unknown) => void
}

export function createDiscovery(ports: DiscoveryPorts): Discovery {
  const { state, clock, ids, actions } = ports

  const begin = async (step: Step, initiator: Initiator | undefined, settings: StoredSettings) => {
    const { organisationId, lastTaskId } = settings
    const last = lastTaskId && (await step.transaction.get(TASKS, lastTaskId))
    if (last && !hasEnded(last)) return { taskId: last.id }
    const started = startTask(step, ids, {
      initiator,
      organisationId,
      kind: 'SYNC_ACCOUNTS',
      input: {},
    })
    const lastStartedAt = step.now
    const next = { ...settings, lastTaskId: started.taskId, lastStartedAt }
    step.transaction.put(AWS_ORGANIZATIONS, organisationId, next)
    return started
  }

  const startDue = async () => {
    const due = ({ enabled, everyMinutes, lastStartedAt = 0 }: StoredSettings) =>
      enabled && lastStartedAt + everyMinutes * MINUTE_MS <= clock.now()
    for (const { organisationId } of await listAll(state, AWS_ORGANIZATIONS, due)) {
      await actions.perform(undefined, async (step) => {
        const settings = await step.transaction.get(AWS_ORGANIZATIONS, organisationId)
        if (settings !== undefined && due(settings)) await begin(step, undefined, settings)
      })
    }
  }

  return {
    get: async (caller, organisationId) => {
      await organisationOf(state, caller, organisationId)
      const settings = await state.get(AWS_ORGANIZATIONS, organisationId)
      if (settings !== undefined) return shown(settings)
      throw new RestError(404, 'aws-organization.not-found', NOT_SET_UP)
    },
    set: (caller, organisationId, given) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const organisation = await organisationOf(transaction, caller, organisationId)
        checkAllowed(caller, given, ports.urlRefusal)
        const before = await transaction.get(AWS_ORGANIZATIONS, organisationId)
        const { lastSyncAt, lastTaskId, lastStartedAt } = before ?? {}
        const { endpoint } = given
        const settings: StoredSettings = {
          organisationId,
          enabled: given.enabled,
          region: given.region,
          ...(endpoint !== undefined && { endpoint }),
          everyMinutes: given.everyMinutes ?? SYNC_EVERY_MINUTES_DEFAULT,
          onboard: given.onboard ?? false,
          ...keptCredentials(ports.vault, organisationId, { given, before }),
          ...(lastSyncAt !== undefined && { lastSyncAt }),
          ...(lastTaskId !== undefined && { lastTaskId }),
          ...(lastStartedAt !== undefined && { lastStartedAt }),
        }
        if (isDeepStrictEqual(settings, before)) return shown(settings)
        const fields = { regions: organisation.regions, changed: ['awsOrganization'] }
        tell('OrganisationUpdateEvent', { organisationId, fields })
        transaction.put(AWS_ORGANIZATIONS, organisationId, settings)
        return shown(settings)
      }),
    start: (caller, organisationId) =>
      actions.perform(caller, async (step) => {
        await organisationOf(step.transaction, caller, organisationId)
        const settings = await step.transaction.get(AWS_ORGANIZATIONS, organisationId)
        if (settings?.enabled) return begin(step, caller, settings)
        throw new RestError(409, 'aws-organization.not-enabled', NOT_SET_UP)
      }),
    keepStarting: async (signal) => {
      let changed = Promise.withResolvers<void>()
      const stopWatching = state.watch((changes) => {
        if (changes.some(({ collection: name }) => name === AWS_ORGANIZATIONS.name)) {
          changed.resolve()
        }
      })
      while (!signal.aborted) {
        changed = Promise.withResolvers()
        await startDue().catch(ports.onFault)
        await Promise.race([pause(LOOK_EVERY_MS, signal), changed.promise])
      }
      stopWatching()
    },
  }
}

const NOT_SET_UP =
  'the organisation is not kept in step with AWS Organizations: set that up with PUT /api/v1/organisations/:id/aws-organization, or "belfry organisations discovery"'

/** @throws RestError where the secret cannot be opened: the master key is another one. */
export function accessOf(vault: Vault, settings: StoredSettings): AwsOrganizationAccess {
  const { organisationId, region, endpoint, credentials, sealedSecret = '' } = settings
  const { accessKeyId, profile } = credentials
  if (profile !== undefined) return { region, endpoint, credentials: { profile } }
  if (accessKeyId === undefined) return { region, endpoint, credentials: { environment: true } }
  const secretAccessKey = vault.open(['aws-organization', organisationId], sealedSecret)
  if (secretAccessKey !== undefined) {
    return { region, endpoint, credentials: { accessKeyId, secretAccessKey } }
  }
  throw new RestError(
    409,
    'aws-organization.sealed',
    'the secret access key was sealed with another master key: give it again',
  )
}

function shown({ sealedSecret: _, lastStartedAt: __, ...settings }: StoredSettings) {
  return settings
}

/** An organisation's admin must not borrow the credentials of the machine that the hub runs on. */
function checkAllowed(
  caller: Principal,
  { credentials, endpoint }: GivenAwsOrganization,
  urlRefusal: (url: string) => string | undefined,
): void {
  if (!('accessKeyId' in credentials) && caller.organisationId !== undefined) {
    throw new RestError(
      403,
      'aws-organization.forbidden',
      "only the operator of the hub lets it use a profile or its environment's credentials: give an access key",
    )
  }
  const refusal = endpoint === undefined ? undefined : urlRefusal(endpoint)
  if (refusal === undefined) return
  throw new RestError(
    400,
    'aws-organization.endpoint-refused',
    `the hub would not connect to the endpoint "${endpoint}": ${refusal}`,
  )
}

function keptCredentials(
  vault: Vault,
  organisationId: string,
  {
    given: { credentials },
    before,
  }: { readonly given: GivenAwsOrganization; readonly before: StoredSettings | undefined },
): Pick<StoredSettings, 'credentials' | 'sealedSecret'> {
  if (!('accessKeyId' in credentials)) return { credentials }
  const { accessKeyId, secretAccessKey } = credentials
  if (secretAccessKey !== undefined) {
    const sealedSecret = vault.seal(['aws-organization', organisationId], secretAccessKey)
    return { credentials: { accessKeyId }, sealedSecret }
  }
  if (before?.credentials.accessKeyId === accessKeyId && before.sealedSecret !== undefined) {
    return { credentials: { accessKeyId }, sealedSecret: before.sealedSecret }
  }
  throw new RestError(
    400,
    'aws-organization.secret-missing',
    `the access key "${accessKeyId}" is new: give its secretAccessKey too`,
  )
}
