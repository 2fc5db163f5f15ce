import { describe, expect, it } from 'vitest'

import { fromOcsfFinding } from './ocsf.ts'
import { resultsOfEvent } from './results-of-event.ts'

const ACCOUNT = '111122223333'
const told = (source: string, detailType: string, detail: object) =>
  resultsOfEvent({
    source,
    detailType,
    json: JSON.stringify({
      account: ACCOUNT,
      region: 'eu-west-1',
      time: '2026-01-31T08:00:00Z',
      detail,
    }),
  })

/** As AWS documents them: no sample of these is published. */
describe('a finding', () => {
  describe('that Security Hub has of another service', () => {
    const asff = (product: string, more: object) =>
      told('aws.securityhub', 'Security Hub Findings - Imported', {
        findings: [
          {
            ...{ Id: 'f', ProductArn: `arn:aws:securityhub:eu-west-1::product/aws/${product}` },
            ...{ AwsAccountId: ACCOUNT, Region: 'eu-west-1', UpdatedAt: '2026-01-31T07:00:00Z' },
            ...{ Title: 'SSH brute force attacks against i-1.', Severity: { Label: 'HIGH' } },
            Resources: [{ Type: 'AwsEc2Instance', Id: 'arn:r' }],
            ...more,
          },
        ],
      }).results[0]

    it('is of the same rule as in events of GuardDuty, which is named after no resource', () => {
      const arn = 'arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f'
      const title = 'SSH brute force attacks against i-1.'
      const common = { checkedBy: 'guardduty', incident: arn, reason: title, atOnce: true }
      const rule = 'UnauthorizedAccess:EC2/SSHBruteForce'
      const same = { ...common, ruleId: rule, ruleName: rule }
      expect(
        asff('guardduty', {
          ...{ Id: arn, GeneratorId: 'arn:aws:guardduty:eu-west-1:111122223333:detector/d' },
          Types: ['TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce'],
        }),
      ).toMatchObject(same)
      const instanceDetails = { instanceId: 'i-1', tags: [{ key: 'owner', value: 'ana' }] }
      const detail = { arn, type: rule, title, severity: 8, updatedAt: '2026-01-31T07:00:00Z' }
      const direct = told('aws.guardduty', 'GuardDuty Finding', {
        ...detail,
        resource: { resourceType: 'Instance', instanceDetails },
      }).results
      expect(direct).toMatchObject([{ ...same, resourceId: 'i-1', tags: { owner: 'ana' } }])
    })

    it('is of the same rule as in events of Inspector and AWS Config', () => {
      const inspector = { Id: 'arn:aws:inspector2:eu-west-1:111122223333:finding/f' }
      const cve = asff('inspector', { ...inspector, Types: ['Software/Vulnerabilities/CVE'] })
      expect(cve).toMatchObject({ checkedBy: 'inspector2', incident: inspector.Id, ruleId: 'CVE' })
      expect(cve).not.toHaveProperty('atOnce')
      const config = {
        ...{ GeneratorId: 'arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-mburzq' },
        ...{ ProductFields: { 'aws/config/ConfigRuleName': 'buckets' }, Title: 'buckets' },
        Compliance: { Status: 'FAILED' },
      }
      expect(asff('config', config)).toMatchObject({ checkedBy: 'config', ruleId: 'buckets' })
    })

    it('is of what made it where it has no type', () => {
      expect(asff('other', { GeneratorId: 'g' })).toMatchObject({ ruleId: 'g', ruleName: 'g' })
    })
  })

  it('of GuardDuty has the tags of whatever it is of', () => {
    const tags = [{ key: 'owner', value: 'ana' }]
    for (const resource of [
      { s3BucketDetails: [{ arn: 'arn:r', tags }] },
      { eksClusterDetails: { arn: 'arn:r', tags } },
      { ecsClusterDetails: { arn: 'arn:r', tags } },
      { lambdaDetails: { functionArn: 'arn:r', tags } },
    ]) {
      const detail = { arn: 'f', type: 'T', severity: 9, updatedAt: '2026-01-31T07:00:00Z' }
      expect(told('aws.guardduty', 'GuardDuty Finding', { ...detail, resource }).results).toEqual([
        expect.objectContaining({
          resourceId: 'arn:r',
          tags: { owner: 'ana' },
          severity: 'CRITICAL',
        }),
      ])
    }
  })

  it.each([
    ['OK', 'PASSED'],
    ['WARN', 'FAILED'],
    ['ERROR', 'FAILED'],
    ['NOT_AVAILABLE', 'UNKNOWN'],
  ])('of Trusted Advisor that is %s %s', (status, expected) => {
    const item = { 'Region/AZ': '-', Reason: 'R' }
    const detail = { 'check-name': 'C ', 'check-item-detail': item, status, resource_id: 'arn:r' }
    const type = 'Trusted Advisor Check Item Refresh Notification'
    expect(told('aws.trustedadvisor', type, detail).results).toMatchObject([
      { status: expected, ruleId: 'C', region: 'eu-west-1', reason: 'R' },
    ])
  })

  it('of Macie is of its bucket', () => {
    const bucket = { arn: 'arn:aws:s3:::b', tags: [{ key: 'owner', value: 'ana' }] }
    const { results } = told('aws.macie', 'Macie Finding', {
      ...{ id: 'f', accountId: ACCOUNT, region: 'eu-west-1', updatedAt: '2026-01-31T07:00:00Z' },
      ...{ type: 'Policy:IAMUser/S3BucketPublic', title: 'The bucket is public', archived: true },
      ...{ severity: { description: 'High', score: 3 }, resourcesAffected: { s3Bucket: bucket } },
    })
    expect(results).toMatchObject([
      { severity: 'HIGH', muted: 'ARCHIVED', resourceId: bucket.arn, tags: { owner: 'ana' } },
    ])
  })

  it('of Cost Anomaly Detection names its monitor, what costs too much, how much and why', () => {
    const anomaly = {
      ...{ accountId: '000011112222', anomalyId: 'a', dimensionValue: 'Amazon EC2' },
      ...{ monitorName: 'All', monitorArn: 'arn:aws:ce::1:anomalymonitor/m' },
      ...{ impact: { totalImpact: 120.5 }, anomalyDetailsLink: 'https://example.com' },
    }
    const rootCauses = [
      { linkedAccount: ACCOUNT, region: 'eu-west-1', service: 'EC2', usageType: 'BoxUsage:m5' },
    ]
    const of = (detail: object) => told('aws.ce', 'Anomaly Detected', detail).results
    expect(of({ ...anomaly, rootCauses })).toMatchObject([
      {
        ...{ resourceId: 'Amazon EC2', incident: 'a', atOnce: true, awsAccountId: ACCOUNT },
        reason: '120.5 more than expected, most of all EC2, eu-west-1, BoxUsage:m5',
      },
    ])
    expect(of(anomaly)).toMatchObject([{ reason: '120.5 more than expected' }])
  })

  describe('of Access Analyzer', () => {
    const access = (detailType: string, detail: object) =>
      told('aws.access-analyzer', detailType, {
        ...{ accountId: ACCOUNT, resource: 'arn:aws:iam::111122223333:role/r', isDeleted: false },
        ...{ resourceType: 'AWS::IAM::Role', updatedAt: '2025-04-08T03:22:12.654688231Z' },
        ...{ status: 'ACTIVE', version: '1.0' },
        ...detail,
      }).results

    it('is of external, internal or unused access', () => {
      const unused = { findingId: 'f', findingType: 'UnusedPermission' }
      const numbers = { numberOfUnusedServices: 0, numberOfUnusedActions: 1 }
      expect(
        access('Unused Access Finding for IAM entities', { ...unused, ...numbers }),
      ).toMatchObject([
        {
          ...{ ruleId: 'UnusedPermission', incident: 'f', status: 'FAILED', severity: 'LOW' },
          ...{ reason: 'Unused services: 0, unused actions: 1', awsAccountId: ACCOUNT },
          evaluatedAt: Date.parse('2025-04-08T03:22:12.654Z'),
        },
      ])
      const principal = { AWS: 'arn:aws:iam::111122223333:role/MyRole_6' }
      const internal = { id: 'g', findingType: 'InternalAccess', principal }
      expect(access('Internal Access Finding', internal)).toMatchObject([
        {
          ruleId: 'InternalAccess',
          incident: 'g',
          reason: `Access by ${JSON.stringify(principal)}`,
        },
      ])
      expect(access('Access Analyzer Finding', { id: 'h', isPublic: true })).toMatchObject([
        { ruleId: 'ExternalAccess', severity: 'HIGH', reason: 'Anyone has access' },
      ])
    })

    it.each([
      ['is resolved', { status: 'RESOLVED' }, 'PASSED'],
      ['was resolved and is deleted', { status: 'RESOLVED', isDeleted: true }, 'PASSED'],
      ['is deleted with its analyzer', { isDeleted: true }, 'NOT_APPLICABLE'],
      ['could not be analyzed', { error: 'ACCESS_DENIED' }, 'UNKNOWN'],
    ])('that %s says so', (_, detail, status) => {
      expect(access('Access Analyzer Finding', { id: 'f', ...detail })).toMatchObject([{ status }])
    })
  })

  it('of the new Security Hub is a check or an incident, by its OCSF class', () => {
    const common = {
      ...{ time: 1_769_900_000_000, severity_id: 4, cloud: { account: { uid: ACCOUNT } } },
      ...{
        resources: [{ uid: 'arn:r', type: 'AWS::S3::Bucket', tags: [{ name: 'a', value: 'b' }] }],
      },
      metadata: { uid: 'u', product: { name: 'Security Hub' } },
    }
    const check = { class_uid: 2003, compliance: { control: 'S3.1', status: 'Fail' }, ...common }
    const incident = { class_uid: 2004, status_id: 3, finding_info: { title: 'T' }, ...common }
    const [first] = told('aws.securityhub', 'Findings Imported V2', { findings: [check] }).results
    expect(first).toMatchObject({
      ...{ checkedBy: 'securityhub', ruleId: 'S3.1', status: 'FAILED', severity: 'HIGH' },
      ...{ awsAccountId: ACCOUNT, region: 'eu-west-1', tags: { a: 'b' } },
    })
    expect(first).not.toHaveProperty('incident')
    const [second] = told('aws.securityhub', 'Findings Imported V2', incident).results
    expect(second).toMatchObject({ incident: 'u', muted: 'SUPPRESSED', status: 'FAILED' })
  })

  it('in OCSF says how it stands by what OCSF has for it, whatever its source wrote', () => {
    const of = (finding: object) =>
      told('aws.securityhub', 'Findings Imported V2', {
        findings: [
          {
            ...{ class_uid: 2003, time: 1_769_900_000_000, severity: 'Critical' },
            ...{ cloud: { account: { uid: ACCOUNT } }, resources: [{ uid: 'arn:r' }] },
            ...{ metadata: { uid: 'u', product: { name: 'GuardDuty' } } },
            finding_info: { title: 'T', types: ['Type'] },
            ...finding,
          },
        ],
      }).results[0]
    const failed = { control: 'S3.1', status_id: 3 }
    expect(of({ compliance: failed, status_code: 'sh-42' })).toMatchObject({
      ...{ status: 'FAILED', severity: 'CRITICAL' },
    })
    expect(of({ compliance: { control: 'S3.1', status_id: 2 } })?.status).toBe('UNKNOWN')
    expect(of({ class_uid: 2004, status_code: 'Threat', status_id: 1 })).toMatchObject({
      ...{ status: 'FAILED', incident: 'u', checkedBy: 'guardduty', ruleId: 'Type', atOnce: true },
    })
  })

  it('of Prowler is of the time at which it ran, wherever its machine is', () => {
    const finding = {
      ...{ class_uid: 2004, status_code: 'PASS', resources: [{ uid: 'arn:r' }] },
      ...{ time: 1_769_900_000, time_dt: '2026-02-01T09:53:20.000000' },
      ...{ metadata: { event_code: 'c', product: { name: 'Prowler' } } },
    }
    const event = { account: '', region: '', sentAt: 0, detail: finding }
    expect(fromOcsfFinding(event, finding)).toMatchObject([
      { evaluatedAt: 1_769_900_000_000, status: 'PASSED' },
    ])
  })

  it('that has no name, no time or too long a name is unreadable, and harms nothing', () => {
    const nameless = told('aws.guardduty', 'GuardDuty Finding', {})
    expect(nameless).toEqual({ results: [], unreadable: 1 })
    for (const detail of [null, [], 'x', { findings: [null, 7, { Resources: [{}] }] }]) {
      expect(
        told('aws.securityhub', 'Security Hub Findings - Imported', detail as object).results,
      ).toEqual([])
    }
  })

  it('of a Config rule that Security Hub made is left to Security Hub', () => {
    const detail = { configRuleName: 'securityhub-s3-bucket-1', resourceId: 'b' }
    const nothing = { results: [], unreadable: 0 }
    expect(told('aws.config', 'Config Rules Compliance Change', detail)).toEqual(nothing)
  })
})
