import { assumedRole } from './assumed-role.ts'
import { federated } from './federated.ts'
import { isEmail } from './names.ts'
import { partsOfArn } from './user-identity.ts'
import type { Case, Verdict } from './verdict.ts'

/** CloudTrail leaves out user names that were mistyped, for they may be passwords. */
const HIDDEN_NAME = 'HIDDEN_DUE_TO_SECURITY_REASONS'
const INTERNAL = 'AWS Internal'
/** As CloudTrail names services. */
export const SERVICE_NAME = /^[\w.-]+\.amazonaws\.com(\.cn)?$/

/** Who an identity is, by the type that CloudTrail gives it. */
export async function verdictOf(given: Case): Promise<Verdict> {
  const verdict = await byType(given)
  if (!given.call.signInFailed) return verdict
  const step = 'the sign-in failed, so whoever it was did not prove to be that'
  return { ...verdict, confidence: 'claimed', steps: [...verdict.steps, step] }
}

async function byType(given: Case): Promise<Verdict> {
  switch (given.identity.type) {
    case 'Root':
      return root(given)
    case 'IAMUser':
      return iamUser(given)
    case 'AssumedRole':
    case 'Role':
      return assumedRole(given)
    case 'FederatedUser':
      return federatedUser(given)
    case 'SAMLUser':
    case 'WebIdentityUser':
      return identityProviderUser(given)
    case 'IdentityCenterUser':
      return identityCenterUser(given)
    case 'Directory':
      return directoryUser(given)
    case 'AWSAccount':
      return otherAccount(given)
    case 'AWSService':
      return awsService(given)
    case undefined:
    default:
      return withoutType(given)
  }
}

async function root({ identity, names }: Case): Promise<Verdict> {
  const { accountId, userName, assumedRoot } = identity
  const name = (await names.accountName(accountId)) ?? accountId ?? 'an account that is not named'
  const steps = [
    `the call was made with the root credentials of ${await names.account(accountId)}`,
    ...(userName === undefined ? [] : [`the alias of the account is "${userName}"`]),
    assumedRoot
      ? 'it was a root session of AssumeRoot, which the management account or a delegated administrator took for one task'
      : 'the event does not say which person has them',
  ]
  return { kind: 'account', name: `root user of ${name}`, confidence: 'certain', steps }
}

async function iamUser({ identity, call, names }: Case): Promise<Verdict> {
  const { accountId, arn, invokedBy } = identity
  const user = identity.userName ?? partsOfArn(arn)?.path.at(-1)
  const account = await names.account(accountId)
  const via = invokedBy === undefined ? {} : { invokedBy }
  const viaSteps =
    invokedBy === undefined ? [] : [`AWS says that ${invokedBy} made the call for the user`]
  if (user === undefined || user === HIDDEN_NAME) {
    const why = user === HIDDEN_NAME ? ': AWS hides a name that was mistyped' : ''
    const step = `the call was made by an IAM user of ${account} whose name the event does not say${why}`
    const name = identity.principalId ?? 'IAM user without a name'
    return { kind: 'iam-user', name, confidence: 'claimed', ...via, steps: [step, ...viaSteps] }
  }
  const person = await names.person(user)
  const steps = [`the call was made by the IAM user ${user} of ${account}`, ...viaSteps]
  if (person.email !== undefined) {
    const doubt = 'an IAM user is named by whoever makes it'
    const whole = [...steps, ...person.steps, doubt]
    return { kind: 'person', ...person, ...via, confidence: 'likely', steps: whole }
  }
  const human =
    (call.eventName === 'ConsoleLogin' && 'it signed in to the console, as people do') ||
    (call.fromConsole && 'its credentials came from the console, which people use') ||
    (identity.mfaAuthenticated && 'its session was confirmed with a second factor, as people do')
  const kind = human ? 'person' : 'iam-user'
  const last = human || 'the event does not say whether that is a person or a program'
  return { kind, name: user, ...via, confidence: 'certain', steps: [...steps, last] }
}

/** Credentials of GetFederationToken: whoever asked for them chose the name. */
async function federatedUser({ identity, names }: Case): Promise<Verdict> {
  const { arn, principalId, issuer } = identity
  const inArn = partsOfArn(arn)?.path.join('/')
  const name =
    inArn || /^[^:]*:(.+)$/.exec(principalId ?? '')?.[1] || 'federated user without a name'
  const person = await names.person(name)
  const through = issuer.userName ?? issuer.arn
  const by = through === undefined ? '' : ` by ${issuer.type ?? 'the issuer'} ${through}`
  const steps = [
    `the call was made with federation credentials named "${name}"`,
    ...person.steps,
    `they were issued${by}, and whoever asks for them chooses the name`,
  ]
  const known = { ...person, ...(through !== undefined && { through }) }
  return { kind: 'person', ...known, confidence: 'claimed', steps }
}

async function identityProviderUser(given: Case): Promise<Verdict> {
  const { type, userName, identityProvider, principalId } = given.identity
  const user = userName ?? principalId
  const provider = identityProvider ?? (type === 'SAMLUser' ? 'SAML' : 'OpenID Connect')
  if (user !== undefined) return federated(given, { provider, user })
  const step = `an identity provider (${provider}) vouched for somebody whom the event does not name`
  const name = `a user of ${provider}`
  return { kind: 'unknown', name, through: provider, confidence: 'claimed', steps: [step] }
}

/** Belfry does not know the ids of Identity Center; a sign-in says the name as well. */
async function identityCenterUser({ identity, call, names }: Case): Promise<Verdict> {
  const { onBehalfOfUserId, userName } = identity
  const login = call.typedUserName ?? userName
  const named = login === undefined || login === HIDDEN_NAME ? undefined : login
  const id = onBehalfOfUserId === undefined ? '' : ` ${onBehalfOfUserId}`
  const steps = [`AWS says that it was the IAM Identity Center user${id}`]
  if (named === undefined) {
    const step = 'the event says no name, and the ids of Identity Center are not in the directory'
    const name = `Identity Center user${id}`
    return { kind: 'person', name, confidence: 'certain', steps: [...steps, step] }
  }
  const person = await names.person(named)
  const all = [...steps, `that user signs in as "${named}"`, ...person.steps]
  return { kind: 'person', ...person, confidence: 'certain', steps: all }
}

async function directoryUser({ identity, names }: Case): Promise<Verdict> {
  const user = identity.userName ?? identity.principalId
  const step = 'the call was made to a directory service, and AWS does not say by what kind of user'
  if (user === undefined) {
    return { kind: 'unknown', name: 'directory user', confidence: 'claimed', steps: [step] }
  }
  const person = await names.person(user)
  const steps = [step, `it names the user "${user}"`, ...person.steps]
  return { kind: 'person', ...person, confidence: 'likely', steps }
}

async function otherAccount({ identity, names }: Case): Promise<Verdict> {
  const { accountId, principalId, invokedBy } = identity
  const name = (await names.accountName(accountId)) ?? accountId ?? 'another account'
  const session = /^[^:]*:(.+)$/.exec(principalId ?? '')?.[1]
  const steps = [
    `the call was made by somebody in the account ${await names.account(accountId)}`,
    session === undefined
      ? "who, only that account's own trail says"
      : `in a session that the caller named "${session}"; who, only that account's own trail says`,
  ]
  return {
    kind: 'account',
    name,
    confidence: 'certain',
    ...(session !== undefined && { session }),
    ...(invokedBy !== undefined && { invokedBy }),
    steps,
  }
}

function awsService({ identity, call }: Case): Verdict {
  const given = identity.invokedBy === INTERNAL ? undefined : identity.invokedBy
  const address = SERVICE_NAME.test(call.sourceIp ?? '') ? call.sourceIp : undefined
  const name = given ?? address ?? call.eventSource ?? 'an AWS service'
  const steps = [
    given !== undefined || address !== undefined
      ? `AWS says that the service ${name} made the call itself`
      : `AWS says that a service of its own made the call; it was to ${name}, so it was most likely that one`,
    ...(identity.sourceArn === undefined ? [] : [`it did so for ${identity.sourceArn}`]),
  ]
  const confidence = given !== undefined || address !== undefined ? 'certain' : 'likely'
  return { kind: 'service', name, confidence, steps }
}

/** Events of services often have no type, only who invoked the call. */
async function withoutType(given: Case): Promise<Verdict> {
  const { identity, call } = given
  const { type, invokedBy, onBehalfOfUserId } = identity
  if (onBehalfOfUserId !== undefined) return identityCenterUser(given)
  if (invokedBy !== undefined || SERVICE_NAME.test(call.sourceIp ?? '')) return awsService(given)
  const login = identity.userName ?? call.typedUserName
  if (login !== undefined && isEmail(login)) {
    const person = await given.names.person(login)
    const steps = [`the event names "${login}", but not what kind of identity that is`]
    return { kind: 'person', ...person, confidence: 'claimed', steps: [...steps, ...person.steps] }
  }
  const name = login ?? identity.arn ?? identity.principalId
  const step =
    type === undefined || type === 'Unknown'
      ? 'AWS does not say what kind of identity made the call'
      : `the event says that a "${type}" made the call, which is no kind of identity that is known here`
  return { kind: 'unknown', name: name ?? 'unknown', confidence: 'claimed', steps: [step] }
}
