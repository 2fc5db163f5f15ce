import fc from 'fast-check'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Actor } from '#src/model/actor.ts'
import { actorOf } from './actor-of.ts'
import { ACCOUNT, FOREIGN_ACCOUNT, organisations } from './organisations.fixture.ts'
import type { Organisations } from './organisations.fixture.ts'
import { SSO_PATH, SSO_ROLE } from './role-session.fixture.ts'

let known: Organisations

beforeAll(async () => {
  known = await organisations()
})
afterAll(() => known.remove())

describe('whatever the identity is', () => {
  const text = fc.oneof(
    fc.constantFrom(
      ...[
        'eve@other.example',
        'EVE@other.example',
        'mei@example.com',
        SSO_ROLE,
        'i-0123456789abcdef0',
      ],
      ...[ACCOUNT, FOREIGN_ACCOUNT, 'Admin', 'signin.amazonaws.com', 'AROAX:eve@other.example'],
      `arn:aws:sts::${FOREIGN_ACCOUNT}:assumed-role/${SSO_ROLE}/eve@other.example`,
      `arn:aws:iam::${ACCOUNT}:role/${SSO_PATH}${SSO_ROLE}`,
      `arn:aws:iam::${FOREIGN_ACCOUNT}:user/eve@other.example`,
      `arn:aws:iam::${ACCOUNT}:constructor/eve@other.example`,
    ),
    fc.string({ unit: 'binary' }),
  )
  const types = [
    ...['Root', 'IAMUser', 'AssumedRole', 'Role', 'FederatedUser', 'SAMLUser', 'WebIdentityUser'],
    ...['IdentityCenterUser', 'Directory', 'AWSAccount', 'AWSService', 'Unknown', 'Robot'],
  ]
  const anything = fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue())
  const part = (names: readonly string[], value: fc.Arbitrary<unknown> = anything) =>
    fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] })
  const sessionContext = fc.record(
    {
      sessionIssuer: part(['type', 'arn', 'accountId', 'userName']),
      sourceIdentity: anything,
      webIdFederationData: fc.record({
        federatedProvider: anything,
        attributes: fc.oneof(fc.dictionary(text, anything), anything),
      }),
      attributes: part(['mfaAuthenticated']),
      ec2RoleDelivery: anything,
    },
    { requiredKeys: [] },
  )
  const identity = fc.record(
    {
      ...{ type: fc.constantFrom(...types), principalId: anything, arn: anything },
      ...{ accountId: anything, userName: anything, invokedBy: anything },
      ...{ identityProvider: anything, sessionContext: fc.oneof(sessionContext, anything) },
      onBehalfOf: part(['userId', 'identityStoreArn']),
      inScopeOf: part(['sourceArn', 'issuerType', 'credentialsIssuedTo']),
      invokedByDelegate: part(['accountId']),
    },
    { requiredKeys: ['type'] },
  )
  const details = fc.record(
    {
      userIdentity: fc.oneof(identity, fc.jsonValue()),
      ...{ eventSource: anything, eventName: anything, errorCode: anything },
      ...{ sourceIPAddress: anything, userAgent: anything },
      ...{ responseElements: anything, requester: anything, callerUserArn: anything },
      sessionCredentialFromConsole: anything,
      additionalEventData: part(['UserName']),
      meta: fc.record({ user: part(['id', 'email']) }),
    },
    { requiredKeys: [] },
  )
  const sources = ['aws.s3', 'aws.guardduty', 'aws.codecommit', 'aws.partner/stax.io/1/default']

  it('the answer is well formed, gives its reasons, and names nobody of another organisation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 9, arbitrary: details }, fc.jsonValue()),
        fc.constantFrom(...sources),
        fc.constantFrom('AWS API Call via CloudTrail', 'Something'),
        async (detail, source, detailType) => {
          const actor = await actorOf(
            {
              ...{ source, detailType, account: ACCOUNT, acceptedAt: Date.now() },
              json: JSON.stringify({ detail }),
            },
            known,
          )
          if (actor === undefined) return
          expect(Check(Actor, actor)).toBe(true)
          expect(actor.steps.length).toBeGreaterThan(0)
          expect(actor.name.trim()).not.toBe('')
          const told = JSON.stringify(actor)
          expect(told).not.toContain('Eve Foreign')
          expect(told).not.toContain('secret-lab')
          expect(told).not.toContain(known.eve)
          if (actor.userId !== undefined) expect(actor.userId).toBe(known.mei)
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
