import {
  DescribeOrganizationCommand,
  OrganizationsClient,
  OrganizationsServiceException,
  paginateListAccountsForParent,
  paginateListOrganizationalUnitsForParent,
  paginateListRoots,
  paginateListTagsForResource,
} from '@aws-sdk/client-organizations'
import type { Account } from '@aws-sdk/client-organizations'

import { AwsOrganizationFault } from '#src/ports/aws-organization.ts'
import type {
  AwsAccount,
  AwsCredentialsChoice,
  AwsOrganization,
  AwsOrganizations,
  AwsUnit,
} from '#src/ports/aws-organization.ts'
import { eachOf } from '#src/ports/each-of.ts'
import type { Pace } from '#src/ports/each-of.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { createAwsCredentials } from './aws-credentials.ts'
import { createOutboundRequestHandler } from './outbound-request-handler.ts'

/**
 * AWS Organizations throttles per organization and within seconds (TooManyRequestsException); the
 * client pauses and doubles the pause, 20 seconds at most.
 */
const ATTEMPTS_MAX = 12
/** More at once are only throttled sooner. */
const CALLS_AT_ONCE = 4

export function createAwsOrganizations(
  outbound: Outbound,
  env: Readonly<Record<string, string | undefined>>,
): AwsOrganizations {
  return {
    read: async ({ region, endpoint, credentials }, signal) => {
      const client = new OrganizationsClient({
        region,
        ...(endpoint !== undefined && { endpoint }),
        credentials: providerOf(credentials, env),
        requestHandler: createOutboundRequestHandler(outbound),
        maxAttempts: ATTEMPTS_MAX,
      })
      try {
        return await readOrganization(client, signal)
      } catch (error) {
        if (signal.aborted) throw error
        throw new AwsOrganizationFault(reasonOf(error), { cause: error })
      } finally {
        client.destroy()
      }
    },
  }
}

function providerOf(
  credentials: AwsCredentialsChoice,
  env: Readonly<Record<string, string | undefined>>,
) {
  if ('accessKeyId' in credentials) return async () => credentials
  if ('profile' in credentials) return createAwsCredentials({ env, profile: credentials.profile })
  return createAwsCredentials({ env })
}

async function readOrganization(
  client: OrganizationsClient,
  signal: AbortSignal,
): Promise<AwsOrganization> {
  const { Organization } = await client.send(new DescribeOrganizationCommand({}), {
    abortSignal: signal,
  })
  const { Id, MasterAccountId } = Organization ?? {}
  if (Id === undefined || MasterAccountId === undefined) {
    throw new Error('the answer to DescribeOrganization names no organization')
  }
  const roots: string[] = []
  for await (const { Roots } of paginateListRoots({ client }, {})) {
    for (const root of Roots ?? []) if (root.Id !== undefined) roots.push(root.Id)
  }
  const pace = { atOnce: CALLS_AT_ONCE, signal }
  const units = await unitsBelow(client, roots, pace)
  const parents = [...roots, ...units.map(({ id }) => id)]
  const listed = await eachOf(parents, pace, (parent) => accountsIn(client, parent))
  const accounts = await eachOf(listed.flat(), pace, async ({ account, parent }) => ({
    ...accountOf(account, await tagsOf(client, account.Id ?? '')),
    ...(!roots.includes(parent) && { unitId: parent }),
  }))
  return { id: Id, managementAccountId: MasterAccountId, units, accounts }
}

/** Level by level, so that parents come before their children. */
async function unitsBelow(
  client: OrganizationsClient,
  roots: readonly string[],
  pace: Pace,
): Promise<readonly AwsUnit[]> {
  const units: AwsUnit[] = []
  let level = roots
  while (level.length > 0) {
    const found = await eachOf(level, pace, async (parent) => {
      const children: AwsUnit[] = []
      const pages = paginateListOrganizationalUnitsForParent({ client }, { ParentId: parent })
      for await (const { OrganizationalUnits } of pages) {
        for (const { Id = '', Name = '' } of OrganizationalUnits ?? []) {
          children.push({
            id: Id,
            name: Name,
            ...(!roots.includes(parent) && { parentId: parent }),
          })
        }
      }
      return children
    })
    units.push(...found.flat())
    level = found.flat().map(({ id }) => id)
  }
  return units
}

async function accountsIn(client: OrganizationsClient, parent: string) {
  const accounts: { readonly account: Account; readonly parent: string }[] = []
  for await (const { Accounts } of paginateListAccountsForParent(
    { client },
    { ParentId: parent },
  )) {
    for (const account of Accounts ?? []) accounts.push({ account, parent })
  }
  return accounts
}

async function tagsOf(client: OrganizationsClient, ResourceId: string) {
  const tags: Record<string, string> = {}
  for await (const { Tags } of paginateListTagsForResource({ client }, { ResourceId })) {
    for (const { Key = '', Value = '' } of Tags ?? []) tags[Key] = Value
  }
  return tags
}

function accountOf(
  { Id = '', Name, State, Status }: Account,
  tags: AwsAccount['tags'],
): AwsAccount {
  // AWS retires Status on 9 September 2026; who speaks its API may not know State yet.
  const state = State ?? Status
  if (state === undefined) throw new Error(`account ${Id} is listed without its State`)
  return { awsAccountId: Id, name: Name || Id, state, tags }
}

function reasonOf(error: unknown): string {
  if (error instanceof OrganizationsServiceException) {
    return `AWS Organizations answered ${error.name}: ${error.message}`
  }
  const message = error instanceof Error ? error.message : String(error)
  return `AWS Organizations cannot be read: ${message}`
}
