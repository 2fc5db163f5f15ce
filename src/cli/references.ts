import type { Account, ApiToken, IngestKey, Organisation, User } from '#src/model/tenancy.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import type { Column } from './output.ts'

/** How people name things: by id, or by a name of which there is only one. */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The organisation of that id or alias; without a reference the only one there is. */
export async function organisationBy(
  hub: HubClient,
  reference: string | undefined,
): Promise<Organisation> {
  const all = await hub.listAll<Organisation>('/organisations')
  if (reference !== undefined) {
    return theOne('organisation', reference, all.filter(matching(reference, ['id', 'alias'])))
  }
  const [only, ...others] = all
  if (only === undefined) {
    throw new CommandFault(
      'there is no organisation yet: make one with "belfry organisations create", or load the example with "belfry sample"',
    )
  }
  if (others.length === 0) return only
  throw new UsageFault(
    `there are ${all.length} organisations: say which one, by alias or id: ${all.map(({ alias }) => alias).join(', ')}`,
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
  return theOne('account', reference, all.filter(matching(reference, ['awsAccountId', 'name'])))
}

/** By id or e-mail. */
export async function userBy(hub: HubClient, reference: string): Promise<User> {
  if (UUID.test(reference)) return hub.get(`/users/${reference}`)
  const all = await hub.listAll<User>('/users')
  return theOne('user', reference, all.filter(matching(reference.toLowerCase(), ['email'])))
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

/** A column that tells organisations apart, where there are several. */
export async function organisationColumns<T extends { readonly organisationId?: string }>(
  hub: HubClient,
): Promise<readonly Column<T>[]> {
  const all = await hub.listAll<Organisation>('/organisations')
  if (all.length < 2) return []
  const aliases = new Map(all.map(({ id, alias }) => [id, alias]))
  const text = ({ organisationId }: T) => aliases.get(organisationId ?? '') ?? organisationId ?? ''
  return [{ title: 'ORGANISATION', text }]
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
