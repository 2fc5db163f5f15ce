import { describe, expect, it } from 'vitest'

import { fromOcsfFinding } from './ocsf.ts'
import { resultsOfEvent } from './results-of-event.ts'

const ACCOUNT = '111122223333'
const ANALYZER = `arn:aws:access-analyzer:eu-west-1:${ACCOUNT}:analyzer/a`
const TELLER = { account: ACCOUNT, region: 'eu-west-1' }
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

    it('is of the same rule as in events of Inspector, Macie and AWS Config', () => {
      const inspector = { Id: 'arn:aws:inspector2:eu-west-1:111122223333:finding/f' }
      const types = 'Software and Configuration Checks/Vulnerabilities/CVE'
      const cve = asff('inspector', { ...inspector, Types: [types] })
      const rule = 'PACKAGE_VULNERABILITY'
      expect(cve).toMatchObject({ checkedBy: 'inspector2', incident: inspector.Id, ruleId: rule })
      expect(cve).not.toHaveProperty('atOnce')
      const direct = { findingArn: inspector.Id, type: rule, resources: [{ id: 'i-1' }] }
      const own = told('aws.inspector2', 'Inspector2 Finding', {
        ...{ ...direct, lastObservedAt: 'Jan 31, 2026, 7:00:00 AM' },
      }).results
      expect(own).toMatchObject([{ checkedBy: 'inspector2', incident: inspector.Id, ruleId: rule }])
      const kind = 'Effects/Data Exposure/Policy:IAMUser-S3BucketPublic'
      const open = asff('macie', { Types: [kind] })
      expect(open).toMatchObject({ ruleId: 'Policy:IAMUser/S3BucketPublic', incident: 'f' })
      // A bucket that is public is how things stand, as in Macie's own events.
      expect(open).not.toHaveProperty('atOnce')
      const config = {
        ...{ GeneratorId: 'arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-mburzq' },
        ...{ ProductFields: { 'aws/config/ConfigRuleName': 'buckets' }, Title: 'buckets' },
        Compliance: { Status: 'FAILED' },
      }
      // Its own events name resources otherwise.
      expect(asff('config', config)).toMatchObject({
        ...{ checkedBy: 'config', ruleId: 'buckets', teller: { ...TELLER, isSecondHand: true } },
      })
      const change = { configRuleName: 'buckets', resourceId: 'b', awsRegion: 'eu-west-1' }
      const evaluated = { resultRecordedTime: '2026-01-31T07:00:00Z' }
      const { results } = told('aws.config', 'Config Rules Compliance Change', {
        ...change,
        newEvaluationResult: { ...evaluated, complianceType: 'NON_COMPLIANT' },
      })
      expect(results).toMatchObject([{ checkedBy: 'config', ruleId: 'buckets', teller: TELLER }])
    })

    it('is one of unused access with that of Access Analyzer’s own events', () => {
      const role = 'arn:aws:iam::444455556666:role/r'
      const id = 'b8ae0460-5d29-4922-b92a-ba956c986277'
      const common = { incident: id, awsAccountId: '444455556666', resourceId: role }
      const same = {
        checkedBy: 'access-analyzer',
        ruleId: 'UnusedIAMRole',
        ruleName: 'Unused role',
      }
      const hub = asff('access-analyzer', {
        Id: `${ANALYZER}/${role}/UnusedIAMRole`,
        Types: ['Software and Configuration Checks/AWS Security Best Practices/Unused IAM Role'],
        ProductFields: {
          ...{ findingId: id, findingType: 'UnusedIAMRole', ResourceOwnerAccount: '444455556666' },
        },
        Resources: [{ Type: 'AwsIamRole', Id: role }],
      })
      expect(hub).toMatchObject({ ...common, ...same })
      expect(hub).not.toHaveProperty('teller')
      const type = 'Unused Access Finding for IAM entities'
      const [own] = told('aws.access-analyzer', type, {
        ...{ findingId: id, findingType: 'UnusedIAMRole', resource: role, status: 'ACTIVE' },
        ...{ accountId: '444455556666', updatedAt: '2026-01-31T07:00:00Z' },
      }).results
      expect(own).toMatchObject({ ...common, ...same })
    })

    it.each(['Effects/Data Exposure', 'Software and Configuration Checks/AWS'])(
      'is of an analyzer where it sums up external access, and told as its own events are (%s)',
      (namespace) => {
        const summed = asff('access-analyzer', {
          Id: `${ANALYZER}/arn:aws:s3:::b`,
          Types: [`${namespace}/External Access Granted`],
        })
        expect(summed).toMatchObject({ teller: { ...TELLER, isSecondHand: true } })
        expect(summed).not.toHaveProperty('atOnce')
      },
    )

    it('is told once its rule has settled where it is a check, whatever it is about', () => {
      const types = { Types: ['Effects/Data Exposure'] }
      const control = { GeneratorId: 'security-control/S3.8', Compliance: { Status: 'FAILED' } }
      expect(asff('securityhub', { ...types, ...control })).not.toHaveProperty('atOnce')
      expect(asff('other', types)).toMatchObject({ atOnce: true })
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
        reason:
          '120.5 USD more than expected in Amazon EC2, most of all EC2, eu-west-1, BoxUsage:m5',
      },
    ])
    expect(of(anomaly)).toMatchObject([
      {
        reason: '120.5 USD more than expected in Amazon EC2',
        title: 'Cost anomaly: 120.5 USD more than expected in Amazon EC2',
      },
    ])
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
    expect(second).toMatchObject({ incident: 'u', suppressed: true, status: 'FAILED' })
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

  it.each([
    [
      'GuardDuty',
      'guardduty',
      'arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f',
      ['Threats', 'Stealth:IAMUser/CloudTrailLoggingDisabled'],
      { ruleId: 'Stealth:IAMUser/CloudTrailLoggingDisabled', atOnce: true },
    ],
    [
      'Inspector',
      'inspector',
      'arn:aws:inspector2:eu-west-1:111122223333:finding/f',
      ['Software and Configuration Checks/Vulnerabilities/CVE', 'Vulnerabilities'],
      { ruleId: 'PACKAGE_VULNERABILITY', checkedBy: 'inspector2' },
    ],
    [
      'Macie',
      'macie',
      'f18414f545f90ac35e01655851a29903',
      ['SensitiveData:S3Object/Personal', 'Sensitive Data'],
      { ruleId: 'SensitiveData:S3Object/Personal', checkedBy: 'macie' },
    ],
    [
      'IAM Access Analyzer',
      'access-analyzer',
      `${ANALYZER}/arn:aws:s3:::b`,
      ['External Access Granted'],
      { checkedBy: 'access-analyzer', teller: { ...TELLER, isSecondHand: true } },
    ],
  ])('in OCSF of %s is the one of its own events', (name, product, uid, types, expected) => {
    const { results } = told('aws.securityhub', 'Findings Imported V2', {
      findings: [
        {
          ...{ class_uid: 2004, time: 1_769_900_000_000, cloud: { account: { uid: ACCOUNT } } },
          finding_info: { uid, types, title: 'A title of i-1', analytic: { uid: 'a-detector' } },
          metadata: {
            uid: 'an-id-of-security-hub',
            product: { name, uid: `arn:aws:securityhub:eu-west-1::productv2/aws/${product}` },
          },
          resources: [{ uid: 'i-1' }],
        },
      ],
    })
    expect(results).toMatchObject([{ incident: uid, reason: 'A title of i-1', ...expected }])
    expect(results[0]?.ruleName).toBe(results[0]?.ruleId)
  })

  it.each([
    ['AWS::S3::Bucket', 'b', 'arn:aws:s3:::b', 'AwsS3Bucket', 'arn:aws:s3:::b'],
    ['AWS::::Account', ACCOUNT, undefined, 'AwsAccount', `AWS::::Account:${ACCOUNT}`],
  ])('of a control in OCSF is that of ASFF, of %s', (type, uid, uid_alt, asffType, id) => {
    const common = { checkedBy: 'securityhub', ruleId: 'S3.1', resourceId: id, status: 'FAILED' }
    const ocsf = {
      ...{
        class_uid: 2003,
        time: 1_769_900_000_000,
        compliance: { control: 'S3.1', status_id: 3 },
      },
      cloud: { account: { uid: ACCOUNT }, region: 'eu-west-1' },
      metadata: {
        uid: 'u',
        product: {
          name: 'Security Hub',
          uid: 'arn:aws:securityhub:eu-west-1::productv2/aws/securityhub',
        },
      },
      resources: [{ type, uid, uid_alt, region: 'eu-west-1' }],
    }
    const asff = {
      ...{ Id: 'f', ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub' },
      ...{ AwsAccountId: ACCOUNT, Region: 'eu-west-1', UpdatedAt: '2026-01-31T07:00:00Z' },
      ...{ GeneratorId: 'security-control/S3.1', Compliance: { Status: 'FAILED' } },
      Resources: [{ Type: asffType, Id: id }],
    }
    const of = (detailType: string, finding: object) =>
      told('aws.securityhub', detailType, { findings: [finding] }).results
    const same = { ...common, awsAccountId: ACCOUNT, region: 'eu-west-1' }
    expect(of('Findings Imported V2', ocsf)).toMatchObject([same])
    expect(of('Security Hub Findings - Imported', asff)).toMatchObject([same])
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

  it.each([
    ['seconds', 1_769_839_200],
    ['milliseconds', 1_769_839_200_000],
    ['microseconds', 1_769_839_200_000_000],
    ['nanoseconds', 1_769_839_200_000_000_000],
  ])('in OCSF is of its time, in %s', (_, time) => {
    const { results } = told('aws.securityhub', 'Findings Imported V2', {
      ...{ class_uid: 2004, time, resources: [{ uid: 'arn:r' }], finding_info: { title: 'T' } },
    })
    expect(results).toMatchObject([{ evaluatedAt: 1_769_839_200_000 }])
  })

  it('in OCSF of an infinite time is unreadable', () => {
    const finding =
      '{"class_uid":2004,"time":1e999,"resources":[{"uid":"r"}],"metadata":{"event_code":"c"}}'
    const json = `{"time":"2026-01-31T08:00:00Z","detail":${finding}}`
    const detailType = 'Findings Imported V2'
    expect(resultsOfEvent({ source: 'aws.securityhub', detailType, json })).toEqual({
      ...{ results: [], unreadable: 1 },
    })
  })

  it.each(['-271821-04-20T00:00:00Z', '+010000-01-01T00:00:00Z'])(
    'of a time that no alert can tell is unreadable (%s)',
    (updatedAt) => {
      const detail = { arn: 'f', type: 'T', updatedAt }
      const nothing = { results: [], unreadable: 1 }
      expect(told('aws.guardduty', 'GuardDuty Finding', detail)).toEqual(nothing)
    },
  )

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
