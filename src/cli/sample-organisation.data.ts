/** The example organisation of "belfry sample". Ids are made up, as those in AWS's documentation. */

export const SAMPLE_ORGANISATION = {
  alias: 'example',
  name: 'Example Holdings',
  customerName: 'Example Holdings',
  installationRegion: 'ap-southeast-2',
  regions: ['ap-southeast-2', 'us-east-1', 'eu-west-1'],
} as const

export const SAMPLE_ACCOUNTS = [
  { awsAccountId: '111122223333', name: 'management', accountRole: 'MANAGEMENT' },
  { awsAccountId: '222233334444', name: 'logging', accountRole: 'LOGGING' },
  { awsAccountId: '333344445555', name: 'security', accountRole: 'SECURITY' },
  { awsAccountId: '444455556666', name: 'payments-prod', accountRole: 'MEMBER' },
  { awsAccountId: '555566667777', name: 'payments-test', accountRole: 'MEMBER' },
  { awsAccountId: '666677778888', name: 'web-shop', accountRole: 'MEMBER' },
  { awsAccountId: '777788889999', name: 'sandbox', accountRole: 'MEMBER' },
] as const

/** The workload account that is renamed, so that there is an update event. */
export const RENAMED_ACCOUNT = { awsAccountId: '777788889999', name: 'data-platform' } as const

/** The first one logs in. */
export const SAMPLE_USERS = [
  { email: 'mei.tanaka@example.com', firstName: 'Mei', lastName: 'Tanaka', role: 'customer_admin' },
  {
    email: 'omar.haddad@example.com',
    firstName: 'Omar',
    lastName: 'Haddad',
    role: 'customer_admin',
  },
  {
    email: 'ines.duarte@example.com',
    firstName: 'Inês',
    lastName: 'Duarte',
    role: 'customer_operations',
  },
  {
    email: 'tom.wilkie@example.com',
    firstName: 'Tom',
    lastName: 'Wilkie',
    role: 'customer_operations',
  },
  {
    email: 'aroha.ngata@example.com',
    firstName: 'Aroha',
    lastName: 'Ngata',
    role: 'customer_operations',
  },
  {
    email: 'priya.raman@example.com',
    firstName: 'Priya',
    lastName: 'Raman',
    role: 'customer_user',
  },
  {
    email: 'lukas.meyer@example.com',
    firstName: 'Lukas',
    lastName: 'Meyer',
    role: 'customer_user',
  },
  {
    email: 'sofia.rossi@example.com',
    firstName: 'Sofia',
    lastName: 'Rossi',
    role: 'customer_user',
  },
  {
    email: 'daniel.okafor@example.com',
    firstName: 'Daniel',
    lastName: 'Okafor',
    role: 'customer_user',
  },
  {
    email: 'chloe.martin@example.com',
    firstName: 'Chloé',
    lastName: 'Martin',
    role: 'customer_user',
  },
  {
    email: 'ewa.nowak@example.com',
    firstName: 'Ewa',
    lastName: 'Nowak',
    role: 'customer_readonly',
  },
  {
    email: 'audit@example.com',
    firstName: 'External',
    lastName: 'Auditor',
    role: 'customer_readonly',
  },
] as const

export const SAMPLE_TOKENS = [
  {
    name: 'deploy-pipeline',
    description: 'Puts the events of deployments',
    role: 'api_user',
    awsAccountId: '444455556666',
  },
  {
    name: 'audit-export',
    description: 'Reads events and dead letters every night',
    role: 'api_readonly',
    awsAccountId: '333344445555',
    onlyAccounts: ['333344445555'],
  },
] as const

/** Each below the one before it that it names. */
export const SAMPLE_UNITS = [
  { name: 'Workloads', parent: undefined },
  { name: 'Production', parent: 'Workloads' },
  { name: 'Test', parent: 'Workloads' },
] as const

/** Where workload accounts belong, and what their bills say. */
export const SAMPLE_PLACES = [
  { awsAccountId: '444455556666', unit: 'Production', tags: { team: 'payments', stage: 'prod' } },
  { awsAccountId: '555566667777', unit: 'Test', tags: { team: 'payments', stage: 'test' } },
  { awsAccountId: '666677778888', unit: 'Production', tags: { team: 'web', stage: 'prod' } },
] as const

export const SAMPLE_GROUPS = [
  { name: 'platform', members: ['ines.duarte@example.com', 'tom.wilkie@example.com'] },
  { name: 'payments', members: ['priya.raman@example.com', 'lukas.meyer@example.com'] },
] as const

/** The security account is offered the tenancy's events too. */
export const SAMPLE_EVENT_SOURCE = { awsAccountId: '333344445555', label: 'siem' } as const

/** What a portal of the company's would tell. */
export const SAMPLE_EMITTED = [
  {
    name: 'VpcCreateEvent',
    aws: { accountId: '666677778888', region: 'eu-west-1' },
    fields: {
      resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a',
      resourceName: 'shop',
      awsAccountId: '666677778888',
      region: 'eu-west-1',
      status: 'SUCCESS',
    },
  },
  {
    name: 'WorkloadUpdateEvent',
    aws: { accountId: '444455556666', region: 'ap-southeast-2' },
    fields: {
      resourceId: '0194f0e2-5a3c-7b11-9d0e-2a3b4c5d6e7f',
      resourceName: 'card-payments',
      awsAccountId: '444455556666',
      region: 'ap-southeast-2',
      status: 'FAILED',
      errorCode: 'ROLLED_BACK',
      message: 'the new version did not pass its health check',
    },
  },
] as const

/** An API call of a user's, in the form of CloudTrail's events. */
export function sampleApiCall(id: string, at: string) {
  const [account, region] = ['444455556666', 'ap-southeast-2']
  const role = 'AWSReservedSSO_Administrator_0123456789abcdef'
  const session = 'mei.tanaka@example.com'
  return {
    version: '0',
    id,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account,
    time: at,
    region,
    resources: [],
    detail: {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        principalId: `AROAEXAMPLEEXAMPLE000:${session}`,
        arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
        accountId: account,
        accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: 'AROAEXAMPLEEXAMPLE000',
            arn: `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/${region}/${role}`,
            accountId: account,
            userName: role,
          },
          attributes: { creationDate: at, mfaAuthenticated: 'false' },
        },
      },
      eventTime: at,
      eventSource: 'ec2.amazonaws.com',
      eventName: 'StopInstances',
      awsRegion: region,
      sourceIPAddress: '203.0.113.7',
      userAgent: 'aws-cli/2.31.0',
      requestParameters: { instancesSet: { items: [{ instanceId: 'i-0123456789abcdef0' }] } },
      responseElements: null,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
    },
  }
}

export const SAMPLE_INGEST_KEY = 'sample-player'
