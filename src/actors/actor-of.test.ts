import { readFileSync } from 'node:fs'

import { Check } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Actor } from '#src/model/actor.ts'
import { actorOf } from './actor-of.ts'
import { ACCOUNT, FOREIGN_ACCOUNT, OTHER_ACCOUNT, organisations } from './organisations.fixture.ts'
import type { Organisations } from './organisations.fixture.ts'
import { SSO_PATH, SSO_ROLE, session } from './role-session.fixture.ts'
import type { SessionParts } from './role-session.fixture.ts'

let known: Organisations

beforeAll(async () => {
  known = await organisations()
})
afterAll(() => known.remove())

/** The actor of an event in Mei's organisation. */
function actorIn(detail: unknown, given: { source?: string; detailType?: string } = {}) {
  const { source = 'aws.s3', detailType = 'AWS API Call via CloudTrail' } = given
  const json = JSON.stringify({ detail })
  const event = { source, detailType, account: ACCOUNT, acceptedAt: Date.now(), json }
  return actorOf(event, known)
}

const call = (userIdentity: unknown, more: object = {}) => actorIn({ userIdentity, ...more })

const MEI = { kind: 'person', name: 'Mei Tanaka', email: 'mei@example.com' } as const

describe('a session of IAM Identity Center', () => {
  const sso = (more: SessionParts = {}, name = 'mei@example.com') =>
    call(session(SSO_ROLE, name, { path: SSO_PATH, ...more }), {
      sourceIPAddress: '203.0.113.5',
      userAgent: 'aws-cli/2.31',
    })

  it('is the user whose e-mail it is named after, for certain, and says how that was found', async () => {
    const actor = await sso()
    expect(actor).toMatchObject({
      ...MEI,
      ...{ userId: known.mei, confidence: 'certain', through: 'permission set Admin' },
      ...{ accountId: ACCOUNT, accountName: 'payments-prod', session: 'mei@example.com' },
      ...{ sourceIp: '203.0.113.5', userAgent: 'aws-cli/2.31' },
    })
    expect(actor?.steps).toEqual([
      `the call was made with the role ${SSO_ROLE} of payments-prod (${ACCOUNT}), in a session named "mei@example.com"`,
      "the role is one of IAM Identity Center's, for the permission set Admin: its sessions are named after who signed in",
      'that is the e-mail of the user Mei Tanaka',
    ])
  })

  it('is found in any case of letters, and with an underscore in the permission set', async () => {
    const role = 'AWSReservedSSO_Read_Only_0123456789abcdef'
    const identity = session(role, 'Mei@Example.COM', { path: SSO_PATH })
    expect(await call(identity)).toMatchObject({ ...MEI, through: 'permission set Read_Only' })
  })

  it('is only likely where the event does not say the path that AWS reserves', async () => {
    const context = { sessionIssuer: { userName: SSO_ROLE } }
    expect(await sso({ context })).toMatchObject({ ...MEI, confidence: 'likely' })
  })

  it('is only a claim where the role has another path: anyone may call one so', async () => {
    for (const path of ['', 'team/']) {
      const actor = await sso({ path })
      expect(actor).toMatchObject({ ...MEI, confidence: 'claimed', through: SSO_ROLE })
    }
  })

  it('is only a claim where the account is not one of the organisation', async () => {
    const actor = await sso({ account: '121212121212' })
    expect(actor).toMatchObject({ ...MEI, confidence: 'claimed' })
    expect(actor?.steps.at(-1)).toContain('the account is not one of the organisation')
  })

  it('keeps its name where no user has it', async () => {
    const stranger = await sso({}, 'ann@example.com')
    expect(stranger).toMatchObject({ kind: 'person', name: 'ann@example.com' })
    expect(stranger).not.toHaveProperty('userId')
    expect(stranger?.steps.at(-1)).toBe(
      'no user of the organisation has the e-mail ann@example.com',
    )
    expect(await sso({}, 'mei')).toMatchObject({ name: 'mei', confidence: 'certain' })
  })

  it('of which a service makes use stays the person, called by the service', async () => {
    const actor = await sso({ invokedBy: 'cloudformation.amazonaws.com' })
    expect(actor).toMatchObject({ ...MEI, invokedBy: 'cloudformation.amazonaws.com' })
  })
})

const IDENTITY_CENTER_USER = {
  type: 'IdentityCenterUser',
  accountId: ACCOUNT,
  onBehalfOf: {
    userId: '544894e8-80c1-707f-60e3-3ba6510dfac1',
    identityStoreArn: `arn:aws:identitystore::${ACCOUNT}:identitystore/d-9067642ac7`,
  },
  credentialId: 'EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR_Whr1fEXAMPLE',
}
const INSTANCE = 'i-0123456789abcdef0'
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider`
const EKS = 'oidc.eks.eu-west-1.amazonaws.com/id/07BEE85D60FDEXAMPLE'

describe('each form of userIdentity', () => {
  it.each<[string, unknown, Partial<Actor>]>([
    [
      'Root: the account, and nobody by name',
      { type: 'Root', principalId: ACCOUNT, accountId: ACCOUNT },
      { kind: 'account', name: 'root user of payments-prod', confidence: 'certain' },
    ],
    [
      'Root by AssumeRoot',
      { type: 'Root', accountId: OTHER_ACCOUNT, sessionContext: { assumedRoot: 'true' } },
      { kind: 'account', name: 'root user of payments-test' },
    ],
    [
      'IAMUser: a person or a program, the event does not say',
      { type: 'IAMUser', accountId: ACCOUNT, userName: 'deploy' },
      { kind: 'iam-user', name: 'deploy', confidence: 'certain' },
    ],
    [
      'IAMUser with a second factor',
      {
        ...{ type: 'IAMUser', accountId: ACCOUNT, userName: 'alice' },
        sessionContext: { attributes: { mfaAuthenticated: 'true' } },
      },
      { kind: 'person', name: 'alice', confidence: 'certain' },
    ],
    [
      "IAMUser with a user's e-mail",
      { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/people/mei@example.com` },
      { ...MEI, confidence: 'likely', accountId: ACCOUNT },
    ],
    [
      'IAMUser whose mistyped name AWS hides',
      { type: 'IAMUser', accountId: ACCOUNT, userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      { kind: 'iam-user', name: 'IAM user without a name', confidence: 'claimed' },
    ],
    [
      'AssumedRole with a name of the caller’s own choice',
      session('deployer', 'nightly'),
      { kind: 'role', name: 'deployer', session: 'nightly', confidence: 'certain' },
    ],
    [
      'AssumedRole with an e-mail, which is a claim',
      session('Admin', 'mei@example.com'),
      { ...MEI, confidence: 'claimed', through: 'Admin' },
    ],
    [
      'AssumedRole with a source identity, which outlives role chains',
      session('Admin', 'x', { context: { sourceIdentity: 'mei@example.com' } }),
      { ...MEI, confidence: 'likely', through: 'Admin', session: 'x' },
    ],
    [
      'AssumedRole without sessionContext',
      { type: 'AssumedRole', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/nightly` },
      { kind: 'role', name: 'deployer', session: 'nightly', accountName: 'payments-prod' },
    ],
    [
      'AssumedRole of an instance, as the metadata service gave it',
      session('web', INSTANCE, { context: { ec2RoleDelivery: '2.0' } }),
      { kind: 'workload', name: INSTANCE, confidence: 'certain', through: 'web' },
    ],
    [
      'AssumedRole that only looks like an instance',
      session('web', INSTANCE),
      { kind: 'workload', name: INSTANCE, confidence: 'claimed' },
    ],
    [
      'AssumedRole of an ECS task',
      session('web', 'a1b2c3d4e5f60718293a4b5c6d7e8f90'),
      { kind: 'workload', name: 'a1b2c3d4e5f60718293a4b5c6d7e8f90', confidence: 'claimed' },
    ],
    [
      'AssumedRole of a function, as AWS says',
      session('fn-role', 'orders', {
        inScopeOf: {
          issuerType: 'AWS::Lambda::Function',
          credentialsIssuedTo: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:orders`,
        },
      }),
      { kind: 'workload', name: 'orders', confidence: 'certain', through: 'fn-role' },
    ],
    [
      'AssumedRole of a pod by web identity',
      session('pod-role', 'botocore-session-1', {
        context: {
          webIdFederationData: {
            federatedProvider: `${PROVIDER}/${EKS}`,
            attributes: { [`${EKS}:sub`]: 'system:serviceaccount:shop:orders' },
          },
        },
      }),
      { kind: 'workload', name: 'shop/orders', confidence: 'certain', through: EKS },
    ],
    [
      'AssumedRole of a workflow, of which only the session is named',
      session('ci', 'GitHubActions', {
        context: {
          webIdFederationData: {
            federatedProvider: `${PROVIDER}/token.actions.githubusercontent.com`,
            attributes: {},
          },
        },
      }),
      { kind: 'workload', name: 'GitHubActions', confidence: 'claimed' },
    ],
    [
      'AssumedRole that is linked to a service',
      session('AWSServiceRoleForAutoScaling', 'AutoScaling', {
        path: 'aws-service-role/autoscaling.amazonaws.com/',
        invokedBy: 'autoscaling.amazonaws.com',
      }),
      { kind: 'service', name: 'autoscaling.amazonaws.com', confidence: 'certain' },
    ],
    [
      'AssumedRole linked to a service by its name alone',
      session('AWSServiceRoleForAutoScaling', 'AutoScaling', {
        context: { sessionIssuer: { userName: 'AWSServiceRoleForAutoScaling' } },
      }),
      { kind: 'service', name: 'AWSServiceRoleForAutoScaling', confidence: 'likely' },
    ],
    [
      'AssumedRole that is only called as if it were linked to a service',
      session('AWSServiceRoleForAutoScaling', 'AutoScaling'),
      { kind: 'role', name: 'AWSServiceRoleForAutoScaling', confidence: 'certain' },
    ],
    [
      'AssumedRole that a service uses',
      session('stack-role', 'AWSCloudFormation', { invokedBy: 'cloudformation.amazonaws.com' }),
      { kind: 'service', name: 'cloudformation.amazonaws.com', through: 'stack-role' },
    ],
    [
      'AssumedRole on behalf of a user of Identity Center',
      session('app', 'x', { onBehalfOf: IDENTITY_CENTER_USER.onBehalfOf }),
      {
        kind: 'person',
        name: `Identity Center user ${IDENTITY_CENTER_USER.onBehalfOf.userId}`,
        confidence: 'certain',
      },
    ],
    [
      'AssumedRole by a product provider with delegated access',
      session('Alice', 'Session', { invokedByDelegate: { accountId: '888877776666' } }),
      { kind: 'account', name: '888877776666', confidence: 'certain', through: 'Alice' },
    ],
    [
      "AssumedRole of this hub's API tokens",
      session('api_operations', 'pipeline'),
      { kind: 'role', name: 'api_operations', session: 'pipeline' },
    ],
    [
      'Role',
      { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/team/deployer`, accountId: ACCOUNT },
      { kind: 'role', name: 'deployer', confidence: 'certain' },
    ],
    [
      'FederatedUser, named by whoever asked for it',
      {
        type: 'FederatedUser',
        principalId: `${ACCOUNT}:mei@example.com`,
        arn: `arn:aws:sts::${ACCOUNT}:federated-user/mei@example.com`,
        accountId: ACCOUNT,
        sessionContext: { sessionIssuer: { type: 'IAMUser', userName: 'broker' } },
      },
      { ...MEI, confidence: 'claimed', through: 'broker' },
    ],
    [
      'SAMLUser',
      { type: 'SAMLUser', userName: 'mei@example.com', identityProvider: 'https://idp.example' },
      { ...MEI, confidence: 'likely', through: 'https://idp.example' },
    ],
    [
      'WebIdentityUser that is a person',
      { type: 'WebIdentityUser', userName: '1234567', identityProvider: 'accounts.google.com' },
      { kind: 'person', name: '1234567', through: 'accounts.google.com', confidence: 'likely' },
    ],
    [
      'WebIdentityUser that is a service account',
      {
        type: 'WebIdentityUser',
        userName: 'system:serviceaccount:kube-system:dns',
        identityProvider: `${PROVIDER}/${EKS}`,
      },
      { kind: 'workload', name: 'kube-system/dns', confidence: 'certain' },
    ],
    [
      'WebIdentityUser that is a workflow',
      {
        type: 'WebIdentityUser',
        userName: 'repo:example/shop:ref:refs/heads/main',
        identityProvider: `${PROVIDER}/token.actions.githubusercontent.com`,
      },
      { kind: 'workload', name: 'repo:example/shop:ref:refs/heads/main' },
    ],
    [
      'IdentityCenterUser, whose ids the directory does not have',
      IDENTITY_CENTER_USER,
      {
        kind: 'person',
        name: `Identity Center user ${IDENTITY_CENTER_USER.onBehalfOf.userId}`,
        confidence: 'certain',
      },
    ],
    [
      'Directory',
      { type: 'Directory', accountId: ACCOUNT, userName: 'mei@example.com' },
      { ...MEI, confidence: 'likely' },
    ],
    [
      'AWSAccount of the organisation',
      { type: 'AWSAccount', accountId: OTHER_ACCOUNT, principalId: 'AROAEXAMPLE:build' },
      { kind: 'account', name: 'payments-test', session: 'build', confidence: 'certain' },
    ],
    [
      'AWSAccount that is not known',
      { type: 'AWSAccount', accountId: '121212121212' },
      { kind: 'account', name: '121212121212' },
    ],
    [
      'AWSService',
      { type: 'AWSService', invokedBy: 'config.amazonaws.com' },
      { kind: 'service', name: 'config.amazonaws.com', confidence: 'certain' },
    ],
    ['Unknown', { type: 'Unknown' }, { kind: 'unknown', name: 'unknown' }],
    [
      'Unknown with an e-mail',
      { type: 'Unknown', accountId: ACCOUNT, userName: 'mei@example.com' },
      { ...MEI, confidence: 'claimed' },
    ],
    ['a type of tomorrow', { type: 'Robot', userName: 'r2' }, { kind: 'unknown', name: 'r2' }],
    ['no type and no more', {}, { kind: 'unknown', name: 'unknown' }],
  ])('%s', async (_what, userIdentity, expected) => {
    const actor = await call(userIdentity)
    expect(actor).toMatchObject(expected)
    expect(actor?.steps.length).toBeGreaterThan(0)
    expect(actor?.name).not.toBe('')
  })
})

describe('a sign-in', () => {
  const signIn = (userIdentity: unknown, more: object) =>
    actorIn(
      { userIdentity, eventSource: 'signin.amazonaws.com', eventName: 'ConsoleLogin', ...more },
      { source: 'aws.signin', detailType: 'AWS Console Sign In via CloudTrail' },
    )
  const alice = { type: 'IAMUser', accountId: ACCOUNT, userName: 'alice' }

  it('to the console is that of a person', async () => {
    const actor = await signIn(alice, { responseElements: { ConsoleLogin: 'Success' } })
    expect(actor).toMatchObject({ kind: 'person', name: 'alice', confidence: 'certain' })
  })

  it('is behind calls whose credentials came from the console', async () => {
    const actor = await call(alice, { sessionCredentialFromConsole: 'true' })
    expect(actor).toMatchObject({ kind: 'person', name: 'alice', confidence: 'certain' })
  })

  it('that failed proves nothing', async () => {
    const actor = await signIn(alice, {
      responseElements: { ConsoleLogin: 'Failure' },
      errorMessage: 'Failed authentication',
    })
    expect(actor).toMatchObject({ name: 'alice', confidence: 'claimed' })
    expect(actor?.steps.at(-1)).toContain('the sign-in failed')
  })

  it('to Identity Center says the name behind the id', async () => {
    const more = {
      eventName: 'CredentialVerification',
      additionalEventData: { CredentialType: 'PASSWORD', UserName: 'mei@example.com' },
    }
    expect(await signIn(IDENTITY_CENTER_USER, more)).toMatchObject({
      ...MEI,
      confidence: 'certain',
    })
    const failed = { ...more, errorCode: 'AccessDenied' }
    expect(await signIn(IDENTITY_CENTER_USER, failed)).toMatchObject({ confidence: 'claimed' })
  })
})

describe('other events', () => {
  it('of GuardDuty tell of the access key that a finding is about', async () => {
    const accessKeyDetails = {
      ...{ accessKeyId: 'ASIAEXAMPLE', principalId: 'AROAEXAMPLE:mei@example.com' },
      ...{ userName: 'Admin', userType: 'AssumedRole' },
    }
    const actor = await actorIn(
      {
        accountId: ACCOUNT,
        resource: { resourceType: 'AccessKey', accessKeyDetails },
        service: {
          action: { awsApiCallAction: { remoteIpDetails: { ipAddressV4: '198.51.100.7' } } },
        },
      },
      { source: 'aws.guardduty', detailType: 'GuardDuty Finding' },
    )
    expect(actor).toMatchObject({
      ...{ ...MEI, confidence: 'claimed', through: 'Admin', sourceIp: '198.51.100.7' },
    })
    expect(actor?.steps[0]).toContain('the finding is about')
  })

  it.each([
    ['aws.s3', { requester: OTHER_ACCOUNT }, { kind: 'account', name: 'payments-test' }],
    ['aws.s3', { requester: 's3.amazonaws.com' }, { kind: 'service', name: 's3.amazonaws.com' }],
    [
      'aws.codecommit',
      { callerUserArn: `arn:aws:iam::${ACCOUNT}:user/mei@example.com` },
      { ...MEI, confidence: 'likely' },
    ],
    [
      'aws.redshift-data',
      { principal: `arn:aws:sts::${ACCOUNT}:assumed-role/etl/${INSTANCE}` },
      { kind: 'workload', name: INSTANCE, through: 'etl' },
    ],
  ])('of %s: %j', async (source, detail, expected) => {
    expect(await actorIn(detail, { source, detailType: 'Something' })).toMatchObject(expected)
  })

  it('that say nothing of an actor have none', async () => {
    const ec2 = { source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification' }
    expect(await actorIn({ 'instance-id': INSTANCE, state: 'running' }, ec2)).toBeUndefined()
    const analyzer = { source: 'aws.access-analyzer', detailType: 'Access Analyzer Finding' }
    expect(await actorIn({ principal: { AWS: FOREIGN_ACCOUNT } }, analyzer)).toBeUndefined()
  })

  it('that anyone may put are not believed', async () => {
    const detail = { userIdentity: session(SSO_ROLE, 'mei@example.com', { path: SSO_PATH }) }
    expect(await actorIn(detail, { source: 'shop.orders' })).toBeUndefined()
  })
})

interface Printed {
  readonly source: string
  readonly 'detail-type': string
  readonly account: string
  readonly detail?: { readonly eventName?: string }
}

describe('the CloudTrail events of the samples', () => {
  const printed = readFileSync(new URL('../../samples/aws-events.ndjson', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: Printed }).event)
    .filter((event) => event['detail-type'].endsWith('via CloudTrail'))

  it('all have an actor', async () => {
    const lines: string[] = []
    for (const event of printed) {
      const { source, account, detail } = event
      const told = {
        source,
        account,
        acceptedAt: Date.now(),
        detailType: event['detail-type'],
        json: JSON.stringify(event),
      }
      const actor = await actorOf(told, known)
      expect(Check(Actor, actor)).toBe(true)
      lines.push(
        `${source} ${detail?.eventName}: ${actor?.kind} ${actor?.name}, ${actor?.confidence}`,
      )
    }
    expect(lines.toSorted()).toMatchInlineSnapshot(`
      [
        "aws.acm ExportCertificate: account root user of 123456789012, certain",
        "aws.apigateway TagResource: role c7nbot, certain",
        "aws.cloudfront CreateDistribution: role c7nbot, certain",
        "aws.cloudfront TagResource: role c7nbot, certain",
        "aws.cloudfront UpdateDistribution: role c7nbot, certain",
        "aws.controltower <event name>: service controltower.amazonaws.com, likely",
        "aws.controltower CreateManagedAccount: service controltower.amazonaws.com, likely",
        "aws.controltower DeregisterOrganizationalUnit: service controltower.amazonaws.com, likely",
        "aws.controltower DisableGuardrail: service controltower.amazonaws.com, likely",
        "aws.controltower RegisterOrganizationalUnit: service controltower.amazonaws.com, likely",
        "aws.controltower SetupLandingZone: service controltower.amazonaws.com, likely",
        "aws.controltower UpdateManagedAccount: service controltower.amazonaws.com, likely",
        "aws.ec2 DeleteTransitGatewayVpcAttachment: role c7nbot, certain",
        "aws.elasticloadbalancing AddTags: role c7nbot, certain",
        "aws.glue PutDataCatalogEncryptionSettings: workload custodian-net-change-encryption, claimed",
        "aws.glue PutResourcePolicy: person person@example.com, claimed",
        "aws.organizations CreateOrganizationalUnit: unknown unknown, claimed",
        "aws.rds CreateDomain: role xxxx, certain",
        "aws.route53 ChangeResourceRecordSets: role role, certain",
        "aws.s3 CreateBucket: account root user of 123456789012, certain",
        "aws.s3 CreateBucket: account root user of 619193117841, certain",
        "aws.s3 CreateBucket: role Sandbox_Dev, certain",
        "aws.s3 PutObject: person username, certain",
        "aws.signin ConsoleLogin: account root user of 123456789012, certain",
      ]
    `)
  })
})
