import { ACCOUNT } from './organisations.fixture.ts'

export const SSO_ROLE = 'AWSReservedSSO_Admin_0123456789abcdef'
export const SSO_PATH = 'aws-reserved/sso.amazonaws.com/ap-southeast-2/'

export interface SessionParts {
  readonly account?: string
  /** Of the role. */
  readonly path?: string
  /** More of the sessionContext. */
  readonly context?: object
  /** More of the userIdentity. */
  readonly [name: string]: unknown
}

/** A session of a role, as CloudTrail writes it. */
export function session(role: string, name: string, more: SessionParts = {}) {
  const { account = ACCOUNT, path = '', context = {}, ...rest } = more
  return {
    type: 'AssumedRole',
    principalId: `AROAIDPPEZS35WEXAMPLE:${name}`,
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
    accountId: account,
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAIDPPEZS35WEXAMPLE',
        arn: `arn:aws:iam::${account}:role/${path}${role}`,
        accountId: account,
        userName: role,
      },
      webIdFederationData: {},
      attributes: { creationDate: '2026-11-02T01:06:28Z', mfaAuthenticated: 'false' },
      ...context,
    },
    ...rest,
  }
}
