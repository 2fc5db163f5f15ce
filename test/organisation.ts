import type { HubProcess } from './hub-process.ts'

export const REGION = 'ap-southeast-2'
export const OTHER_REGION = 'us-east-1'
export const ACCOUNTS = {
  MANAGEMENT: '111111111111',
  LOGGING: '222222222222',
  SECURITY: '333333333333',
  MEMBER: '444444444444',
} as const

/** An organisation with one account of each role in two regions, made through the API. */
export async function createOrganisation(hub: HubProcess) {
  const organisation = await hub.rest('POST', '/organisations', {
    name: 'Test',
    alias: 'test',
    customerName: 'Test Customer',
    installationRegion: REGION,
    regions: [REGION, OTHER_REGION],
  })
  const organisationId = organisation.body.id as string
  const accountIds: Record<string, string> = {}
  for (const [accountRole, awsAccountId] of Object.entries(ACCOUNTS)) {
    const name = `${accountRole.toLowerCase()}-account`
    const given = { organisationId, awsAccountId, name, accountRole }
    const created = await hub.rest('POST', '/accounts', given)
    if (created.status !== 201) throw new Error(JSON.stringify(created.body))
    accountIds[accountRole] = created.body.id as string
  }
  const key = await hub.rest('POST', '/ingest-keys', { organisationId, name: 'test' })
  return { organisationId, accountIds, ingestKey: key.body.key as string }
}
