import { partsOfArn } from './user-identity.ts'
import type { UserIdentity } from './user-identity.ts'

/** A session of a role, taken apart. */
export interface RoleSession {
  readonly role: string
  /** The role's path with slashes around it, where the event says it. */
  readonly path?: string
  readonly accountId?: string
  readonly session?: string
}

/** CloudTrail names role and session in several places, and none of them is always there. */
export function roleSessionOf(identity: UserIdentity): RoleSession {
  const { arn, principalId, issuer } = identity
  const assumed = partsOfArn(arn)
  const issued = assumed?.kind === 'role' ? assumed : partsOfArn(issuer.arn)
  const [assumedRole, ...assumedSession] = assumed?.kind === 'assumed-role' ? assumed.path : []
  const role = issuer.userName ?? issued?.path.at(-1) ?? assumedRole
  const [, session = assumedSession.join('/')] = /^[^:]*:(.+)$/.exec(principalId ?? '') ?? []
  const accountId = issuer.accountId ?? identity.accountId ?? assumed?.accountId
  return {
    role: role || 'a role that is not named',
    ...(issued?.kind === 'role' && { path: ['', ...issued.path.slice(0, -1), ''].join('/') }),
    ...(accountId !== undefined && { accountId }),
    ...(session !== '' && { session }),
  }
}

/** Names that sessions get from what starts them; anyone who may assume the role can choose them. */
const SESSION_FORMS: readonly (readonly [form: RegExp, what: string])[] = [
  [/^i-[0-9a-f]{8}([0-9a-f]{9})?$/, 'an EC2 instance'],
  [/^mi-[0-9a-f]{17}$/, 'a server that Systems Manager manages'],
  [/^[0-9a-f]{32}$/, 'an ECS task'],
  [/^AWSCodeBuild-[0-9a-f-]{36}$/, 'a CodeBuild build'],
  // EKS Pod Identity: eks-<cluster>-<pod>-<uuid>
  [/^eks-.+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a pod of an EKS cluster'],
]

/** What runs under a session with such a name. */
export function workloadOf(session: string): string | undefined {
  return SESSION_FORMS.find(([form]) => form.test(session))?.[1]
}

/** What the programs of AWS add to their user agent where they run in a service. */
export function environmentOf(userAgent: string | undefined): string | undefined {
  const [, where] = /exec-env\/AWS_(Lambda|ECS|EKS)/.exec(userAgent ?? '') ?? []
  return where === 'Lambda' ? 'a Lambda function' : where && `an ${where} task`
}
