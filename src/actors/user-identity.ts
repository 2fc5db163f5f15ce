import { fieldsOf, knownOnly, textOf } from './foreign-json.ts'

/**
 * CloudTrail's userIdentity element, as far as it says who somebody was
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
 */
export interface UserIdentity {
  readonly type?: string
  readonly principalId?: string
  readonly arn?: string
  readonly accountId?: string
  readonly userName?: string
  /** The AWS service that made the request. */
  readonly invokedBy?: string
  /** The account of a product provider that acts with delegated access. */
  readonly delegateAccountId?: string
  readonly identityProvider?: string
  /** The user of IAM Identity Center on whose behalf the request was made. */
  readonly onBehalfOfUserId?: string
  /** What AWS issued the credentials to, such as a function. */
  readonly credentialsIssuedTo?: string
  readonly issuerType?: string
  /** The resource that invoked a request from service to service. */
  readonly sourceArn?: string
  readonly issuer: SessionIssuer
  readonly sourceIdentity?: string
  readonly federatedProvider?: string
  /** The user as the federated provider names it. */
  readonly federatedUser?: string
  /** Set where credentials came from an instance's metadata service. */
  readonly ec2RoleDelivery?: string
  readonly mfaAuthenticated: boolean
  /** A session of AssumeRoot, for a privileged task. */
  readonly assumedRoot: boolean
}

export interface SessionIssuer {
  readonly type?: string
  readonly arn?: string
  readonly accountId?: string
  readonly userName?: string
}

export function readUserIdentity(value: unknown): UserIdentity {
  const identity = fieldsOf(value)
  const session = fieldsOf(identity['sessionContext'])
  const issuer = fieldsOf(session['sessionIssuer'])
  const federation = fieldsOf(session['webIdFederationData'])
  const scope = fieldsOf(identity['inScopeOf'])
  return {
    ...knownOnly({
      type: textOf(identity['type']),
      principalId: textOf(identity['principalId']),
      arn: textOf(identity['arn']),
      accountId: textOf(identity['accountId']),
      userName: textOf(identity['userName']),
      invokedBy: textOf(identity['invokedBy']),
      delegateAccountId: textOf(fieldsOf(identity['invokedByDelegate'])['accountId']),
      identityProvider: textOf(identity['identityProvider']),
      onBehalfOfUserId: textOf(fieldsOf(identity['onBehalfOf'])['userId']),
      credentialsIssuedTo: textOf(scope['credentialsIssuedTo']),
      issuerType: textOf(scope['issuerType']),
      sourceArn: textOf(scope['sourceArn']),
      sourceIdentity: textOf(session['sourceIdentity']),
      federatedProvider: textOf(federation['federatedProvider']),
      federatedUser: federatedUserOf(federation['attributes']),
      ec2RoleDelivery: textOf(session['ec2RoleDelivery']),
    }),
    issuer: knownOnly({
      type: textOf(issuer['type']),
      arn: textOf(issuer['arn']),
      accountId: textOf(issuer['accountId']),
      userName: textOf(issuer['userName']),
    }),
    mfaAuthenticated: isTrue(fieldsOf(session['attributes'])['mfaAuthenticated']),
    assumedRoot: isTrue(session['assumedRoot']),
  }
}

/** What an ARN tells of an identity; some services tell no more than that. */
export function userIdentityOfArn(arn: string): UserIdentity {
  const known = partsOfArn(arn)
  const type = TYPES_OF_ARNS.get(known?.kind ?? '')
  const [name = ''] = known?.path.slice(-1) ?? []
  return {
    ...knownOnly({ type, arn, accountId: known?.accountId }),
    ...(type === 'IAMUser' && { userName: name }),
    issuer: {},
    mfaAuthenticated: false,
    assumedRoot: false,
  }
}

const TYPES_OF_ARNS: ReadonlyMap<string, string> = new Map([
  ['root', 'Root'],
  ['user', 'IAMUser'],
  ['role', 'Role'],
  ['assumed-role', 'AssumedRole'],
  ['federated-user', 'FederatedUser'],
])

export interface IdentityArn {
  readonly accountId: string
  /** Such as `user`, `role`, `assumed-role`. */
  readonly kind: string
  /** What follows the kind, by its slashes. */
  readonly path: readonly string[]
}

/** Parts of the ARN of an identity of IAM or STS. Examples are printed with all kinds of ids. */
export function partsOfArn(arn: string | undefined): IdentityArn | undefined {
  const [, accountId = '', kind = '', path = ''] =
    /^arn:aws[\w-]*:(?:iam|sts)::([^:]*):([\w-]+)\/?(.*)$/.exec(arn ?? '') ?? []
  return kind === '' ? undefined : { accountId, kind, path: path.split('/') }
}

/** Providers name attributes `<provider>:sub` or `<provider>:user_id`. */
function federatedUserOf(attributes: unknown): string | undefined {
  for (const [name, value] of Object.entries(fieldsOf(attributes))) {
    if (/:(sub|user_id|id)$/.test(name)) return textOf(value)
  }
  return undefined
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}
