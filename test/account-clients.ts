import { EventBridgeClient } from '@aws-sdk/client-eventbridge'

import type { HubProcess } from './hub-process.ts'
import { REGION } from './organisation.ts'

/** An EventBridge client that acts in an account, with a new API token of its organisation. */
export async function clientOf(
  hub: HubProcess,
  organisationId: string,
  awsAccountId: string,
): Promise<EventBridgeClient> {
  const token = { organisationId, awsAccountId, name: `t${awsAccountId}`, role: 'api_operations' }
  const { body, status } = await hub.rest('POST', '/api-tokens', token)
  if (status !== 201) throw new Error(JSON.stringify(body))
  const { accessKeyId, secretAccessKey } = body
  const credentials = { accessKeyId, secretAccessKey }
  return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}

/** An organisation of another customer, with one account in REGION. */
export async function createOtherOrganisation(
  hub: HubProcess,
  awsAccountId: string,
): Promise<string> {
  const regions = { installationRegion: REGION, regions: [REGION] }
  const given = { name: 'Other', alias: 'other', customerName: 'Other Customer', ...regions }
  const organisationId = (await hub.rest('POST', '/organisations', given)).body.id as string
  const account = { organisationId, awsAccountId, name: 'stranger' }
  const { body, status } = await hub.rest('POST', '/accounts', account)
  if (status !== 201) throw new Error(JSON.stringify(body))
  return organisationId
}
