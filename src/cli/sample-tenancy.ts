import type { EventSource } from '#src/model/event-source.ts'
import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceState } from '#src/model/service-state.ts'
import type { Account, Group, OrganisationalUnit, User } from '#src/model/tenancy.ts'
import type { HubClient } from './hub-client.ts'
import {
  SAMPLE_EMITTED,
  SAMPLE_EVENT_SOURCE,
  SAMPLE_GROUPS,
  SAMPLE_PLACES,
  SAMPLE_UNITS,
} from './sample-organisation.data.ts'

/**
 * Fills the example organisation: units with accounts and their tags, groups, services, an event
 * source, and events of a portal. What is there already is left as it is.
 */
export async function fillSampleTenancy(hub: HubClient, organisationId: string): Promise<void> {
  const units = await keepUnits(hub, organisationId)
  await placeAccounts(hub, organisationId, units)
  await keepGroups(hub, organisationId)
  await configureServices(hub, organisationId)
  await offerEvents(hub, organisationId)
  await hub.post('/tenancy-events', {
    events: SAMPLE_EMITTED.map((event) => ({ organisationId, ...event })),
  })
}

/** By name. */
async function keepUnits(
  hub: HubClient,
  organisationId: string,
): Promise<ReadonlyMap<string, string>> {
  const path = '/organisational-units'
  const known = await hub.listAll<OrganisationalUnit>(path, { organisationId })
  const ids = new Map(known.map(({ name, id }) => [name, id]))
  for (const { name, parent } of SAMPLE_UNITS) {
    if (ids.has(name)) continue
    const parentId = parent === undefined ? undefined : ids.get(parent)
    const made = await hub.post<OrganisationalUnit>(path, {
      organisationId,
      name,
      ...(parentId !== undefined && { parentId }),
    })
    ids.set(name, made.id)
  }
  return ids
}

/** An account that was closed stays listed beside one that was made for the same AWS account. */
export function openAccount(
  accounts: readonly Account[],
  awsAccountId: string,
): Account | undefined {
  return accounts.find((one) => one.awsAccountId === awsAccountId && one.status !== 'CLOSED')
}

async function placeAccounts(
  hub: HubClient,
  organisationId: string,
  units: ReadonlyMap<string, string>,
): Promise<void> {
  const accounts = await hub.listAll<Account>('/accounts', { organisationId })
  for (const { awsAccountId, unit, tags } of SAMPLE_PLACES) {
    const account = openAccount(accounts, awsAccountId)
    if (account === undefined || account.organisationalUnitId !== undefined) continue
    const organisationalUnitId = units.get(unit)
    await hub.patch(`/accounts/${account.id}`, { organisationalUnitId, tags })
  }
}

async function keepGroups(hub: HubClient, organisationId: string): Promise<void> {
  const groups = await hub.listAll<Group>('/groups', { organisationId })
  const users = await hub.listAll<User>('/users', { organisationId })
  for (const { name, members } of SAMPLE_GROUPS) {
    const known = groups.find((group) => group.name === name)
    const { id } = known ?? (await hub.post<Group>('/groups', { organisationId, name }))
    for (const { id: userId } of users.filter(({ email }) => members.some((m) => m === email))) {
      await hub.put(`/groups/${id}/members/${userId}`)
    }
  }
}

/** GuardDuty is reported as applied, Security Hub waits for whoever applies it. */
async function configureServices(hub: HubClient, organisationId: string): Promise<void> {
  for (const service of ['GUARDDUTY', 'SECURITYHUB'] as const) {
    const path = `/services/${service.toLowerCase()}`
    const { version } = await hub.get<ServiceState>(path, { organisationId })
    if (version > 0) continue
    const { example } = SERVICE_CONFIGURATIONS[service]
    await hub.put(`${path}/configuration`, example, { organisationId })
    if (service !== 'GUARDDUTY') continue
    const wanted = await hub.get<ServiceState>(path, { organisationId })
    const applied = { state: 'ACTIVE', version: wanted.version }
    await hub.put(`${path}/state`, applied, { organisationId })
  }
}

async function offerEvents(hub: HubClient, organisationId: string): Promise<void> {
  const { awsAccountId, label } = SAMPLE_EVENT_SOURCE
  const sources = await hub.listAll<EventSource>('/event-sources', { organisationId })
  const isOffered = sources.some(
    (source) => source.awsAccountId === awsAccountId && source.name.endsWith(`/${label}`),
  )
  if (!isOffered) await hub.post('/event-sources', SAMPLE_EVENT_SOURCE)
}
