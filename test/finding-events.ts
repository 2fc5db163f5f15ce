import type { HubProcess } from './hub-process.ts'
import { ACCOUNTS, REGION } from './organisation.ts'

/** A `Config Rules Compliance Change`, as AWS Config sends it. */
export function configChange(given: {
  readonly resourceId: string
  readonly complianceType: string
  /** ISO 8601. */
  readonly recordedAt: string
  readonly rule?: string
  readonly account?: string
}): object {
  const { resourceId, complianceType, recordedAt, rule = 'encrypted-volumes' } = given
  const { account = ACCOUNTS.MEMBER } = given
  const resourceType = 'AWS::EC2::Volume'
  const evaluationResultQualifier = { configRuleName: rule, resourceType, resourceId }
  const newEvaluationResult = {
    evaluationResultIdentifier: { evaluationResultQualifier, orderingTimestamp: recordedAt },
    ...{ complianceType, resultRecordedTime: recordedAt, configRuleInvokedTime: recordedAt },
    annotation: 'The volume is not encrypted.',
  }
  return {
    ...{ version: '0', id: crypto.randomUUID(), source: 'aws.config', account, region: REGION },
    ...{ 'detail-type': 'Config Rules Compliance Change', time: recordedAt, resources: [] },
    detail: {
      ...{ resourceId, awsRegion: REGION, awsAccountId: account, configRuleName: rule },
      ...{ recordVersion: '1.0', messageType: 'ComplianceChangeNotification', resourceType },
      ...{ newEvaluationResult, notificationCreationTime: recordedAt },
    },
  }
}

/** Sends AWS events in as an account's EventBridge would. */
export async function ingest(
  hub: HubProcess,
  key: string,
  events: readonly object[],
): Promise<void> {
  const response = await fetch(`${hub.url}/ingest/aws`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(events),
  })
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
}
