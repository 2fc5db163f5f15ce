import type { Budget, SpikeDetector } from '#src/model/budget.ts'
import type { CostSource } from '#src/model/cost-source.ts'
import type { EventSource } from '#src/model/event-source.ts'
import type {
  Account,
  AccountType,
  ApiToken,
  Customer,
  Group,
  IngestKey,
  Organisation,
  OrganisationalUnit,
  User,
} from '#src/model/tenancy.ts'
import type { Incident, Notification } from '#src/model/notification.ts'
import type { View } from '#src/model/view.ts'
import { webhookPlaceOf } from '#src/model/webhook-place.ts'
import type { Channel } from '#src/model/channel.ts'
import type { WebhookSecret } from '#src/model/webhook-secret.ts'
import { pathOf } from './api-path.ts'
import { CommandFault, HubFault, UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import type { Column } from './output.ts'

/** How people name things: by id, or by a name of which there is only one. */

/** What `accountBy` takes, for help texts. */
export const ACCOUNT_REFERENCE = 'AWS account id, name or id'

const FORBIDDEN = 403
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The organisation of that id or alias; without a reference the only one there is. */
export async function organisationBy(
  hub: HubClient,
  reference: string | undefined,
): Promise<Organisation> {
  const all = await organisationsBy(hub, reference)
  const [only, ...others] = all
  if (others.length === 0) return only
  throw new UsageFault(
    `there are ${all.length} organisations: say which one, by alias or id: ${all.map(({ alias }) => alias).join(', ')}`,
  )
}

/** The organisation of that id or alias; without a reference all that the caller reaches. */
export async function organisationsBy(
  hub: HubClient,
  reference: string | undefined,
): Promise<readonly [Organisation, ...Organisation[]]> {
  const all = await hub.listAll<Organisation>('/organisations')
  if (reference !== undefined) {
    return [theOne('organisation', reference, all.filter(matching(reference, ['id', 'alias'])))]
  }
  const [first, ...others] = all
  if (first !== undefined) return [first, ...others]
  throw new CommandFault(
    'there is no organisation yet: make one with "belfry organisations create", or load the example with "belfry sample"',
  )
}

/** The id to list one organisation's things by; undefined lists everyone's. */
export async function organisationFilter(
  hub: HubClient,
  reference: string | undefined,
): Promise<string | undefined> {
  return reference === undefined ? undefined : (await organisationBy(hub, reference)).id
}

/** By id, AWS account id or name. */
export async function accountBy(hub: HubClient, reference: string): Promise<Account> {
  if (UUID.test(reference)) return hub.get(`/accounts/${reference}`)
  const all = await hub.listAll<Account>('/accounts')
  const found = all.filter(matching(reference, ['awsAccountId', 'name']))
  const open = found.filter(({ status }) => status !== 'CLOSED')
  // A closed account is meant where there is no other of that name.
  return theOne('account', reference, open.length > 0 ? open : found)
}

/** By id or name; without a reference the only one there is. */
export async function customerBy(hub: HubClient, reference: string | undefined): Promise<Customer> {
  const all = await hub.listAll<Customer>('/customers')
  const [only, ...others] = all
  if (reference === undefined && only !== undefined && others.length === 0) return only
  if (reference !== undefined) {
    return theOne('customer', reference, all.filter(matching(reference, ['id', 'name'])))
  }
  throw new UsageFault(
    `there are ${all.length} customers: say which one, by name or id: ${all.map(({ name }) => name).join(', ')}`,
  )
}

/** By id, name, or path from the root such as `Workloads/Production`. */
export async function unitBy(hub: HubClient, reference: string): Promise<OrganisationalUnit> {
  const all = await hub.listAll<OrganisationalUnit>('/organisational-units')
  const placeOf = ({ name, parentId }: OrganisationalUnit): string => {
    const parent = all.find(({ id }) => id === parentId)
    return parent === undefined ? name : `${placeOf(parent)}/${name}`
  }
  const named = matching<OrganisationalUnit>(reference, ['id', 'name'])
  const found = all.filter((unit) => named(unit) || placeOf(unit) === reference)
  return theOne('organisational unit', reference, found)
}

/** By id or name. */
export async function accountTypeBy(hub: HubClient, reference: string): Promise<AccountType> {
  const all = await hub.listAll<AccountType>('/account-types')
  return theOne('account type', reference, all.filter(matching(reference, ['id', 'name'])))
}

/** By id or name. */
export async function groupBy(hub: HubClient, reference: string): Promise<Group> {
  const all = await hub.listAll<Group>('/groups')
  return theOne('group', reference, all.filter(matching(reference, ['id', 'name'])))
}

/** By id or e-mail. */
export async function userBy(hub: HubClient, reference: string): Promise<User> {
  if (UUID.test(reference)) return hub.get(`/users/${reference}`)
  const all = await hub.listAll<User>('/users')
  return theOne('user', reference, all.filter(matching(reference.toLowerCase(), ['email'])))
}

/** By id, name, or the last part of the name. */
export async function eventSourceBy(hub: HubClient, reference: string): Promise<EventSource> {
  const all = await hub.listAll<EventSource>('/event-sources')
  const found = all.filter(
    ({ id, name }) => id === reference || name === reference || name.endsWith(`/${reference}`),
  )
  return theOne('event source', reference, found)
}

/** By access key or name. */
export async function apiTokenBy(hub: HubClient, reference: string): Promise<ApiToken> {
  const all = await hub.listAll<ApiToken>('/api-tokens')
  return theOne('API token', reference, all.filter(matching(reference, ['accessKeyId', 'name'])))
}

/** By id or name. */
export async function ingestKeyBy(hub: HubClient, reference: string): Promise<IngestKey> {
  const all = await hub.listAll<IngestKey>('/ingest-keys')
  return theOne('ingest key', reference, all.filter(matching(reference, ['id', 'name'])))
}

/** By id, or by URL where only one account has one for it. */
export async function webhookSecretBy(hub: HubClient, reference: string): Promise<WebhookSecret> {
  const all = await hub.listAll<WebhookSecret>('/webhook-secrets')
  const place = URL.canParse(reference) ? webhookPlaceOf(reference) : reference
  const found = all.filter(({ id, url }) => id === reference || url === place)
  return theOne('webhook secret', reference, found)
}

/** By id, number or name. */
export async function viewBy(hub: HubClient, reference: string): Promise<View> {
  return numberedBy<View>(hub, '/views', { kind: 'view', reference })
}

/** By id, number or name. */
export async function notificationBy(hub: HubClient, reference: string): Promise<Notification> {
  return numberedBy<Notification>(hub, '/notifications', { kind: 'notification', reference })
}

/** By id or name. */
export async function channelBy(hub: HubClient, reference: string): Promise<Channel> {
  const all = await hub.listAll<Channel>('/channels')
  return theOne('channel', reference, all.filter(matching<Channel>(reference, ['id', 'name'])))
}

/** By id, or by its number in an organisation. */
export async function incidentBy(
  hub: HubClient,
  organisationId: string,
  reference: string,
): Promise<Incident> {
  if (!/^\d+$/.test(reference)) return hub.get<Incident>(pathOf('/incidents', reference))
  const all = await hub.listAll<Incident>('/incidents', { organisationId })
  const found = all.filter(({ number }) => String(number) === reference)
  return theOne('incident', reference, found)
}

/** By id, number or name. */
export async function budgetBy(hub: HubClient, reference: string): Promise<Budget> {
  return numberedBy<Budget>(hub, '/budgets', { kind: 'budget', reference })
}

/** By id, number or name. */
export async function spikeDetectorBy(hub: HubClient, reference: string): Promise<SpikeDetector> {
  return numberedBy<SpikeDetector>(hub, '/spike-detectors', { kind: 'spike detector', reference })
}

/** By id or export. */
export async function costSourceBy(hub: HubClient, reference: string): Promise<CostSource> {
  const all = await hub.listAll<CostSource>('/cost-sources')
  return theOne('cost source', reference, all.filter(matching(reference, ['id', 'exportName'])))
}

/** By id, title or number. */
export function segmentOf(view: View, reference: string): View['segments'][number] {
  const named = matching<View['segments'][number]>(reference, ['id', 'title'])
  const { segments } = view
  // A title that looks like a number is meant before the number.
  const found = segments.find(named) ?? segments.find(({ number }) => String(number) === reference)
  if (found !== undefined) return found
  const titles = segments.map(({ title }) => title).join(', ')
  throw new CommandFault(`the view "${view.name}" has no segment "${reference}": it has ${titles}`)
}

async function numberedBy<T extends { id: string; number: number; name: string }>(
  hub: HubClient,
  path: string,
  { kind, reference }: { readonly kind: string; readonly reference: string },
): Promise<T> {
  const all = await hub.listAll<T>(path)
  const named = matching<T>(reference, ['id', 'name'])
  const found = all.filter(named)
  // A name that looks like a number is meant before the number.
  const numbered = all.filter(({ number }) => String(number) === reference)
  return theOne(kind, reference, found.length > 0 ? found : numbered)
}

/** A column that tells organisations apart, where there are several. */
export async function organisationColumns<T extends { readonly organisationId?: string }>(
  hub: HubClient,
): Promise<readonly Column<T>[]> {
  const all = (await whereAllowed(hub.listAll<Organisation>('/organisations'))) ?? []
  if (all.length < 2) return []
  const aliases = new Map(all.map(({ id, alias }) => [id, alias]))
  const text = ({ organisationId }: T) => aliases.get(organisationId ?? '') ?? organisationId ?? ''
  return [{ title: 'ORGANISATION', text }]
}

/**
 * What is looked up beside the answer; undefined where the caller may not see it, such as the
 * organisation of an API token that is only for some of its accounts.
 */
export async function whereAllowed<T>(lookUp: Promise<T>): Promise<T | undefined> {
  try {
    return await lookUp
  } catch (error) {
    if (error instanceof HubFault && error.status === FORBIDDEN) return undefined
    throw error
  }
}

function matching<T extends object>(reference: string, keys: readonly (keyof T)[]) {
  return (thing: T) => keys.some((key) => thing[key] === reference)
}

function theOne<T extends object>(kind: string, reference: string, found: readonly T[]): T {
  const [only, ...others] = found
  if (only === undefined) throw new CommandFault(`there is no ${kind} "${reference}"`)
  if (others.length === 0) return only
  throw new UsageFault(
    `"${reference}" names ${found.length} things of kind ${kind}: use one of their ids, ${found.map(idOf).join(', ')}`,
  )
}

function idOf(thing: object): string {
  const { id, accessKeyId } = thing as { id?: string; accessKeyId?: string }
  return id ?? accessKeyId ?? ''
}
