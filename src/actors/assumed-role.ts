import { federated } from './federated.ts'
import { isEmail } from './names.ts'
import { environmentOf, roleSessionOf, workloadOf } from './role-session.ts'
import type { RoleSession } from './role-session.ts'
import type { Case, Verdict } from './verdict.ts'

/** IAM Identity Center's roles: the permission set, and 16 digits that make the name unique. */
const PERMISSION_SET_ROLE = /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/
/** Only AWS can make roles below these paths. */
const IDENTITY_CENTER_PATH = '/aws-reserved/sso.amazonaws.com/'
const SERVICE_ROLE_PATH = /^\/aws-service-role\/([\w.-]+)\/$/
const SERVICE_ROLE_NAME = /^AWSServiceRoleFor/
/** Every account has these for the API tokens of this hub (src/tenancy/credentials.ts). */
const TOKEN_ROLE = /^api_(admin|operations|user|readonly)$/

/**
 * Who was in a session of a role. The session's name is the caller's own choice, so what AWS adds
 * comes first, and the name counts only as far as AWS sets it.
 */
export async function assumedRole(given: Case): Promise<Verdict> {
  const { identity } = given
  const found = roleSessionOf(identity)
  const { role, session } = found
  const known = {
    through: role,
    ...(session !== undefined && { session }),
    ...(identity.invokedBy !== undefined && { invokedBy: identity.invokedBy }),
  }
  const steps = [await usedStep(given, found)]
  const verdict =
    delegate(given) ??
    serviceLinked(given, found) ??
    (await permissionSet(given, found)) ??
    onBehalfOf(given) ??
    issuedTo(given) ??
    (await sourceIdentity(given)) ??
    (await webIdentity(given, found)) ??
    workload(given, found) ??
    invokedByService(given, found) ??
    (await claimed(given, found))
  return { ...known, ...verdict, steps: [...steps, ...verdict.steps] }
}

async function usedStep({ identity, names }: Case, found: RoleSession): Promise<string> {
  const account = await names.account(found.accountId)
  const session = found.session === undefined ? '' : `, in a session named "${found.session}"`
  const verb = identity.type === 'Role' ? 'was made by' : 'was made with'
  return `the call ${verb} the role ${found.role} of ${account}${session}`
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-cloudtrail.html */
function delegate({ identity }: Case): Verdict | undefined {
  const { delegateAccountId } = identity
  if (delegateAccountId === undefined) return undefined
  const step = `AWS says that a product provider, the account ${delegateAccountId}, made it with access that was delegated to it`
  return { kind: 'account', name: delegateAccountId, confidence: 'certain', steps: [step] }
}

function serviceLinked({ identity }: Case, { role, path }: RoleSession): Verdict | undefined {
  const [, service] = SERVICE_ROLE_PATH.exec(path ?? '') ?? []
  if (service !== undefined) {
    const step = `only the service ${service} can use that role: it is linked to the service`
    return { kind: 'service', name: service, confidence: 'certain', steps: [step] }
  }
  if (path !== undefined || !SERVICE_ROLE_NAME.test(role)) return undefined
  const step = `by its name it is linked to an AWS service, but the event does not say its path`
  return { kind: 'service', name: identity.invokedBy ?? role, confidence: 'likely', steps: [step] }
}

async function permissionSet(
  { names }: Case,
  { role, path, session }: RoleSession,
): Promise<Verdict | undefined> {
  const [, set] = PERMISSION_SET_ROLE.exec(role) ?? []
  if (set === undefined || session === undefined) return undefined
  const reserved = path?.startsWith(IDENTITY_CENTER_PATH) === true
  // Anyone may call a role so: only below that path it is AWS's.
  if (path !== undefined && !reserved) return undefined
  const person = await names.person(session)
  const steps = [
    reserved
      ? `the role is one of IAM Identity Center's, for the permission set ${set}: its sessions are named after who signed in`
      : `by its name the role is one of IAM Identity Center's, for the permission set ${set}, whose sessions are named after who signed in; the event does not say the path that proves it`,
    ...person.steps,
  ]
  const confidence = reserved ? 'certain' : 'likely'
  return { kind: 'person', ...person, confidence, through: `permission set ${set}`, steps }
}

function onBehalfOf({ identity }: Case): Verdict | undefined {
  const { onBehalfOfUserId } = identity
  if (onBehalfOfUserId === undefined) return undefined
  const step = `AWS says that it was on behalf of the IAM Identity Center user ${onBehalfOfUserId}`
  const name = `Identity Center user ${onBehalfOfUserId}`
  return { kind: 'person', name, confidence: 'certain', steps: [step] }
}

/** A session within a service carries what its credentials were issued to. */
function issuedTo({ identity }: Case): Verdict | undefined {
  const { credentialsIssuedTo, issuerType } = identity
  if (credentialsIssuedTo === undefined) return undefined
  const what = issuerType === undefined ? '' : ` (${issuerType})`
  const step = `AWS says that its credentials were issued to ${credentialsIssuedTo}${what}`
  const name = lastPart(credentialsIssuedTo)
  return { kind: 'workload', name, confidence: 'certain', steps: [step] }
}

async function sourceIdentity({ identity, names }: Case): Promise<Verdict | undefined> {
  const { sourceIdentity: source } = identity
  if (source === undefined) return undefined
  const person = await names.person(source)
  const step = `its source identity is "${source}": set when the first role was assumed, and no later session can change it`
  return { kind: 'person', ...person, confidence: 'likely', steps: [step, ...person.steps] }
}

async function webIdentity(given: Case, found: RoleSession): Promise<Verdict | undefined> {
  const { federatedProvider, federatedUser } = given.identity
  if (federatedProvider === undefined) return undefined
  const user = federatedUser ?? found.session ?? found.role
  const verdict = await federated(given, { provider: federatedProvider, user })
  // Without the provider's word for the user there is only the name that the caller chose.
  return federatedUser === undefined ? { ...verdict, confidence: 'claimed' } : verdict
}

function workload({ identity, call }: Case, { session }: RoleSession): Verdict | undefined {
  if (session === undefined) return undefined
  if (identity.ec2RoleDelivery !== undefined) {
    const step = `AWS says that its credentials came from the metadata service of an EC2 instance, whose sessions are named after the instance`
    return { kind: 'workload', name: session, confidence: 'certain', steps: [step] }
  }
  const what = workloadOf(session)
  if (what !== undefined) {
    const step = `the session of ${what} has such a name, but whoever may assume the role could choose one`
    return { kind: 'workload', name: session, confidence: 'claimed', steps: [step] }
  }
  const environment = isEmail(session) ? undefined : environmentOf(call.userAgent)
  if (environment === undefined) return undefined
  const step = `the program says that it runs in ${environment}, whose sessions carry its name`
  return { kind: 'workload', name: session, confidence: 'claimed', steps: [step] }
}

/** With a person's session a service may act for the person; with any other it acts itself. */
function invokedByService({ identity }: Case, { session }: RoleSession): Verdict | undefined {
  const { invokedBy, sourceArn } = identity
  if (invokedBy === undefined || (session !== undefined && isEmail(session))) return undefined
  const steps = [
    `AWS says that ${invokedBy} made the call, itself or for who had the session`,
    ...(sourceArn === undefined ? [] : [`it did so for ${sourceArn}`]),
  ]
  return { kind: 'service', name: invokedBy, confidence: 'certain', steps }
}

async function claimed({ names }: Case, { role, session }: RoleSession): Promise<Verdict> {
  const steps = TOKEN_ROLE.test(role)
    ? ["roles of that name are those of this hub's API tokens: which token, the event does not say"]
    : []
  if (session === undefined) {
    const step = 'the event does not name the session, so there is only the role to go by'
    return { kind: 'role', name: role, confidence: 'certain', steps: [...steps, step] }
  }
  const person = await names.person(session)
  const doubt = `the name of the session is chosen by whoever assumes the role, so it is a claim`
  if (person.email === undefined) {
    return { kind: 'role', name: role, confidence: 'certain', steps: [...steps, doubt] }
  }
  return {
    kind: 'person',
    ...person,
    confidence: 'claimed',
    steps: [...steps, ...person.steps, doubt],
  }
}

/** The name at the end of an ARN, or the text as it is. */
function lastPart(text: string): string {
  return /^arn:.*[:/]([^:/]+)$/.exec(text)?.[1] ?? text
}
