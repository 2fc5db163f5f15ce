/** A few words of what an event tells, for a line that a person reads. */

type Fields = Readonly<Record<string, unknown>>

export interface ToldEvent {
  readonly source: string
  readonly resources?: unknown
  readonly detail: unknown
}

const WORDS_MAX = 4
const WORD_CHARACTERS_MAX = 60

/**
 * Where AWS services say what happened, how it went, and to what; the most telling first. The
 * sample events were the measure.
 */
const HAPPENED = [
  'eventName',
  'eventTypeCode',
  'state.value',
  'state',
  'status',
  'newStatus',
  'currentState',
  'jobStatus',
  'event-type',
  'event',
  'eventType',
  'newEvaluationResult.complianceType',
  'compliance-status',
  'streamingStatus',
  'changeType',
  'operation',
  'action',
  'type',
  'pullRequestStatus',
]
const HAPPENED_SUFFIX = /(status|state|phase)$/i
const HOW = ['result', 'errorCode']
const TO_WHAT = [
  'instance-id',
  'EC2InstanceId',
  'bucket.name',
  'object.key',
  'alarmName',
  'pipeline',
  'stage',
  'project-name',
  'repositoryName',
  'repository-name',
  'configRuleName',
  'jobName',
  'jobId',
  'crawlerName',
  'databaseName',
  'AutoScalingGroupName',
  'functionName',
  'userIdentity.userName',
  'userIdentity.arn',
  'findings.0.Title',
  'finding.title',
  'title',
  'name',
  'Message',
  'StatusMessage',
  'description',
  'message',
  'resource',
  'stack-id',
  'clusterArn',
  'executionArn',
  'cause',
  'reason',
]

/** The most telling first, at most four. */
export function detailWords({ source, resources, detail }: ToldEvent): readonly string[] {
  const fields = fieldsOf(detail)
  const isTenancyEvent = source.startsWith('aws.partner/') && 'meta' in fields
  const words = isTenancyEvent ? tenancyWords(fields) : awsWords(fields, resources)
  return [...new Set(words)].slice(0, WORDS_MAX).map((word) => word.slice(0, WORD_CHARACTERS_MAX))
}

const TENANCY_SUBJECTS = [
  'tokenName',
  'groupName',
  'organisationalUnitName',
  'accountTypeName',
  'ingestKeyName',
  'resourceName',
  'accountName',
  'email',
  'state',
]

/** What it was done to, how it ended, and by whom. */
function tenancyWords(detail: Fields): readonly string[] {
  const actor = textAt(detail, 'meta.user.email')
  const subject = TENANCY_SUBJECTS.flatMap((key) => textAt(detail, key))
  const token = textAt(detail, 'meta.apiToken.tokenName').map((name) => `token ${name}`)
  const doer = actor.length > 0 ? actor : token
  const isSubject = (name: string) => subject.some((each) => name.endsWith(each))
  const by = doer.filter((name) => !isSubject(name)).map((name) => `by ${name}`)
  return [...subject, ...textAt(detail, 'status'), ...by, ...textAt(detail, 'message')]
}

function awsWords(detail: Fields, resources: unknown): readonly string[] {
  const suffixed = Object.keys(detail).filter((key) => HAPPENED_SUFFIX.test(key))
  const happened = [...HAPPENED, ...suffixed].flatMap((path) => textAt(detail, path)).slice(0, 1)
  const how = HOW.flatMap((path) => textAt(detail, path))
  const toWhat = TO_WHAT.flatMap((path) => textAt(detail, path))
  const subject = toWhat.length > 0 ? toWhat : textAt(fieldsOf(resources), '0')
  return [...happened, ...how, ...subject]
}

/** The text at a path, if there is some. */
function textAt(detail: Fields, path: string): readonly string[] {
  let value: unknown = detail
  for (const key of path.split('.')) value = fieldsOf(value)[key]
  return typeof value === 'string' && value !== '' ? [withoutArn(value)] : []
}

/** The account and the region of an ARN stand on the line already. */
function withoutArn(text: string): string {
  return /^arn:[^:\s]*:[^:\s]*:[^:\s]*:[^:\s]*:(\S+)$/.exec(text)?.[1] ?? text
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
