import type { Actor } from '#src/model/actor.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { partnerSourcePrefix } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Directory } from '#src/ports/directory.ts'
import { fieldsOf, knownOnly, textOf } from './foreign-json.ts'
import type { Fields } from './foreign-json.ts'
import { namesFor } from './names.ts'
import type { Names } from './names.ts'
import { SERVICE_NAME, verdictOf } from './verdict-of.ts'
import { partsOfArn, readUserIdentity, userIdentityOfArn } from './user-identity.ts'
import type { UserIdentity } from './user-identity.ts'
import type { Call, Verdict } from './verdict.ts'

type ToldEvent = Pick<RecordedEvent, 'source' | 'detailType' | 'account' | 'acceptedAt' | 'json'>

export interface ActorPorts {
  readonly directory: Directory
  readonly namespace: EventNamespace
}

/**
 * Who was behind an event, and how that was found out; undefined where the event says nothing of
 * an actor. Names come from the organisation that had the event's account then, and from no other.
 * Only events of AWS and of the tenancy are believed: anyone may put what looks like one elsewhere.
 */
export async function actorOf(
  event: ToldEvent,
  { directory, namespace }: ActorPorts,
): Promise<Actor | undefined> {
  if (!event.source.startsWith('aws.')) return undefined
  const isOfTenancy = event.source.startsWith(partnerSourcePrefix(namespace))
  if (event.source.startsWith('aws.partner/') && !isOfTenancy) return undefined
  const detail = fieldsOf(fieldsOf(JSON.parse(event.json))['detail'])
  const account = await directory.accountAt(event.account, event.acceptedAt)
  const names = namesFor(directory, account?.organisationId)
  if (isOfTenancy) return tenancyActor(detail, names)
  const found = identityIn(event, detail)
  if (found === undefined) return undefined
  const { identity, call, step } = found
  const { arn, issuer } = identity
  const accountId = issuer.accountId ?? identity.accountId ?? partsOfArn(arn)?.accountId
  const accountName = await names.accountName(accountId)
  const strange = accountId !== undefined && accountName === undefined
  const verdict = doubted(await verdictOf({ identity, call, names }), strange)
  const { sourceIp, userAgent } = call
  const steps = step === undefined ? verdict.steps : [step, ...verdict.steps]
  return { ...verdict, ...knownOnly({ accountId, accountName, sourceIp, userAgent }), steps }
}

/** Another company's accounts may name their users as they please, as one of ours too. */
function doubted(verdict: Verdict, strange: boolean): Verdict {
  if (!strange || verdict.email === undefined) return verdict
  const step =
    'the account is not one of the organisation, so the name may be that of somebody else who uses it'
  return { ...verdict, confidence: 'claimed', steps: [...verdict.steps, step] }
}

interface Found {
  readonly identity: UserIdentity
  readonly call: Call
  /** What stands before the identity, where it is not the call's own. */
  readonly step?: string
}

/** Of events that tell of somebody, and not of a call. */
const NO_CALL: Call = { fromConsole: false, signInFailed: false }

function identityIn(event: ToldEvent, detail: Fields): Found | undefined {
  if (event.detailType.endsWith('via CloudTrail') || 'userIdentity' in detail) {
    return { identity: readUserIdentity(detail['userIdentity']), call: cloudTrailCall(detail) }
  }
  if (event.source === 'aws.guardduty') return findingKey(detail)
  if (event.source === 'aws.s3') return requester(detail)
  const arn = textOf(detail['callerUserArn']) ?? textOf(detail['principal'])
  if (arn === undefined || !arn.startsWith('arn:')) return undefined
  return { identity: userIdentityOfArn(arn), call: NO_CALL }
}

function cloudTrailCall(detail: Fields): Call {
  const eventSource = textOf(detail['eventSource'])
  const answers = Object.values(fieldsOf(detail['responseElements']))
  const failed =
    answers.includes('Failure') ||
    textOf(detail['errorCode']) !== undefined ||
    textOf(detail['errorMessage']) !== undefined
  return {
    ...knownOnly({
      eventSource,
      eventName: textOf(detail['eventName']),
      sourceIp: textOf(detail['sourceIPAddress']),
      userAgent: textOf(detail['userAgent']),
      typedUserName: textOf(fieldsOf(detail['additionalEventData'])['UserName']),
    }),
    // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    fromConsole: textOf(detail['sessionCredentialFromConsole']) === 'true',
    signInFailed: failed && /^sign-?in\.amazonaws\./.test(eventSource ?? ''),
  }
}

/** https://docs.aws.amazon.com/guardduty/latest/APIReference/API_AccessKeyDetails.html */
function findingKey(detail: Fields): Found | undefined {
  const key = fieldsOf(fieldsOf(detail['resource'])['accessKeyDetails'])
  const type = textOf(key['userType'])
  if (type === undefined) return undefined
  const userName = textOf(key['userName'])
  const action = fieldsOf(fieldsOf(detail['service'])['action'])
  const apiCall = fieldsOf(action['awsApiCallAction'])
  const sourceIp = textOf(fieldsOf(apiCall['remoteIpDetails'])['ipAddressV4'])
  const isRole = type === 'AssumedRole' || type === 'Role'
  const principalId = textOf(key['principalId'])
  const identity = {
    ...readUserIdentity({ type, principalId, accountId: detail['accountId'] }),
    ...(userName !== undefined && !isRole && { userName }),
    ...(userName !== undefined && isRole && { issuer: { userName } }),
  }
  const call = { ...knownOnly({ sourceIp }), ...NO_CALL }
  return { identity, call, step: 'the finding is about calls that were made with an access key' }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html: an account or a service. */
function requester(detail: Fields): Found | undefined {
  const by = textOf(detail['requester'])
  if (by === undefined) return undefined
  const isAccount = /^\d{12}$/.test(by)
  if (!isAccount && !SERVICE_NAME.test(by)) return undefined
  const identity = isAccount
    ? readUserIdentity({ type: 'AWSAccount', accountId: by })
    : readUserIdentity({ type: 'AWSService', invokedBy: by })
  const sourceIp = textOf(detail['source-ip-address'])
  return { identity, call: { ...knownOnly({ sourceIp }), ...NO_CALL } }
}

/**
 * Of a tenancy event, before it was enriched too. The hub knows who made its own calls; what a
 * publisher outside says, and who is behind a sign-in that failed, it does not.
 */
async function tenancyActor(detail: Fields, names: Names): Promise<Verdict | undefined> {
  const meta = fieldsOf(detail['meta'])
  const token = fieldsOf(meta['apiToken'])
  const accessKeyId = textOf(token['accessKeyId'])
  const tokenName = textOf(token['tokenName']) ?? accessKeyId
  const userId = textOf(fieldsOf(meta['user'])['id'])
  const emitted = meta['emitted'] === true
  const failedSignIn = 'authMethod' in detail && detail['status'] === 'FAILED'
  if (userId !== undefined) {
    const user = await tenancyUser(userId, fieldsOf(meta['user']), names)
    const doubt = emitted
      ? `the API token ${tokenName ?? 'of a publisher'} emitted the event: that is its word, not the hub's`
      : 'the sign-in failed, so whoever tried has not proved to be that user'
    if (!emitted && !failedSignIn) return user
    return { ...user, confidence: 'claimed', steps: [...user.steps, doubt] }
  }
  if (accessKeyId === undefined || tokenName === undefined) return undefined
  const failedToken = detail['accessKeyId'] === accessKeyId && detail['status'] === 'FAILED'
  const step = emitted
    ? `the API token ${tokenName} emitted the event`
    : `the call was ${failedToken ? 'said to be ' : ''}made with the API token ${tokenName} (${accessKeyId})`
  return {
    kind: 'workload',
    name: `API token ${tokenName}`,
    confidence: failedToken ? 'claimed' : 'certain',
    steps: [step],
  }
}

async function tenancyUser(id: string, user: Fields, names: Names): Promise<Verdict> {
  const step = `the event says that the user ${id} did it`
  const known = await names.personById(id)
  if (known !== undefined) {
    const steps = [step, `that is the user ${known.name}`]
    return { kind: 'person', ...known, confidence: 'certain', steps }
  }
  const email = textOf(user['email'])
  const unknown = 'the directory has no such user in the organisation'
  return {
    kind: 'person',
    name: email ?? id,
    ...(email !== undefined && { email }),
    confidence: 'claimed',
    steps: [step, email === undefined ? unknown : `${unknown}; the event names ${email}`],
  }
}
