import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { POLICY_VARIABLE, isOperator } from '#src/model/resource-policy.ts'
import type { Conditions, Policy, Statement } from '#src/model/resource-policy.ts'

/** What a policy of an event bus may let others do. */
export const POLICY_ACTIONS = [
  'PutEvents',
  'DescribeEventBus',
  'PutRule',
  'DescribeRule',
  'DeleteRule',
  'EnableRule',
  'DisableRule',
  'ListRules',
  'ListRuleNamesByTarget',
  'PutTargets',
  'RemoveTargets',
  'ListTargetsByRule',
  'TagResource',
  'UntagResource',
  'ListTagsForResource',
] as const
export type PolicyAction = (typeof POLICY_ACTIONS)[number]

/** What a condition may ask about. */
const CONDITION_KEYS = [
  'aws:PrincipalOrgID',
  'aws:SourceAccount',
  'aws:SourceArn',
  'events:EventBusName',
  'events:ManagedBy',
  'events:TargetArn',
  'events:creatorAccount',
  'events:detail-type',
  'events:detail.eventTypeCode',
  'events:detail.service',
  'events:detail.userIdentity.principalId',
  'events:eventBusInvocation',
  'events:source',
]

const VERSIONS = ['2012-10-17', '2008-10-17']
const SID = /^[a-zA-Z0-9\-_]{1,64}$/
const PRINCIPAL = /^(\*|\d{12}|arn:aws[\w-]*:(iam|sts)::\d{12}:(root|[\w+=,.@/-]+))$/
/** Each costs time when an event comes. */
const VALUES_MAX = 500

type Fields = Readonly<Record<string, unknown>>

/**
 * The policy that a bus is given as JSON text, with a list of statements even where it has one.
 * @throws AwsError ValidationException for what IAM or Belfry does not know: a policy that is not
 * understood must not look as if it were in force.
 */
export function parsePolicy(text: string, bus: BusAddress): Policy {
  const { Version, Id, Statement: given, ...others } = objectIn(parsedJson(text), 'the policy')
  refuseOthers(others, 'the policy')
  if (typeof Version !== 'string' || !VERSIONS.includes(Version)) {
    throw invalid(`Version must be one of ${VERSIONS.join(', ')}.`)
  }
  if (Id !== undefined && typeof Id !== 'string') throw invalid('Id must be a text.')
  const statements = (Array.isArray(given) ? given : [given]).map((one) => statementFrom(one, bus))
  if (statements.length === 0) throw invalid('Statement must have at least one statement.')
  const twice = statements.find(({ Sid }, n) => statements.findIndex((s) => s.Sid === Sid) !== n)
  if (twice !== undefined) throw invalid(`more than one statement has the Sid ${twice.Sid}.`)
  return { Version, ...(Id !== undefined && { Id }), Statement: statements }
}

function statementFrom(given: unknown, bus: BusAddress): Statement {
  const { Sid, Effect, Principal, Action, Resource, Condition, ...others } = objectIn(
    given,
    'each statement',
  )
  refuseOthers(others, 'a statement')
  if (typeof Sid !== 'string' || !SID.test(Sid)) {
    throw invalid(`each statement must have a Sid that matches ${SID.source}.`)
  }
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw invalid(`Effect of statement ${Sid} must be Allow or Deny.`)
  }
  const of = (name: string) => `${name} of statement ${Sid}`
  return {
    Sid,
    Effect,
    Principal: principalFrom(Principal, of('Principal')),
    Action: textsFrom(Action, of('Action'), isAction),
    Resource: textsFrom(Resource, of('Resource'), (arn) => isOfBus(arn, bus)),
    ...(Condition !== undefined && { Condition: conditionsFrom(Condition, of('Condition')) }),
  }
}

function principalFrom(given: unknown, what: string): Statement['Principal'] {
  if (given === '*') return given
  const { AWS, ...others } = objectIn(given, what)
  // No AWS service and no federated user calls a hub: they could not be let in or kept out.
  refuseOthers(others, what)
  return { AWS: textsFrom(AWS, what, (name) => PRINCIPAL.test(name)) }
}

function isAction(name: string): boolean {
  return POLICY_ACTIONS.some((action) => name === `events:${action}`)
}

/** Rules of the default bus leave its name out of their ARN; with it they are written as well. */
function isOfBus(arn: string, bus: BusAddress): boolean {
  if (arn === busArn(bus)) return true
  const rules = `arn:aws:events:${bus.region}:${bus.account}:rule/`
  if (!arn.startsWith(rules)) return false
  const [first = '', ...rest] = arn.slice(rules.length).split('/')
  if (!/^[/.\-_A-Za-z0-9*?]+$/.test(arn.slice(rules.length))) return false
  if (rest.length === 0) return bus.name === DEFAULT_BUS
  return first === bus.name && rest.length === 1
}

function conditionsFrom(given: unknown, what: string): Conditions {
  const operators = Object.entries(objectIn(given, what)).map(([operator, keys]) => {
    if (!isOperator(operator)) throw invalid(`${what} has the unsupported operator ${operator}.`)
    const values = Object.entries(objectIn(keys, what)).map(([key, wanted]) => {
      if (!CONDITION_KEYS.includes(key)) throw invalid(`${what} has the unsupported key ${key}.`)
      return [key, textsFrom(wanted, what, hasKnownVariables)] as const
    })
    return [operator, Object.fromEntries(values)] as const
  })
  return Object.fromEntries(operators)
}

function hasKnownVariables(text: string): boolean {
  return !text.replaceAll(POLICY_VARIABLE, '').includes('${')
}

/** A text or a list of texts; `true` and `false` may stand without quotes, as IAM allows. */
function textsFrom(
  given: unknown,
  what: string,
  isValid: (text: string) => boolean,
): string | readonly string[] {
  const values = (Array.isArray(given) ? given : [given]).map((value) => {
    const text = typeof value === 'boolean' ? String(value) : value
    if (typeof text !== 'string') throw invalid(`${what} must be a text or a list of texts.`)
    if (!isValid(text)) throw invalid(`${what} may not be ${text}.`)
    return text
  })
  if (values.length === 0 || values.length > VALUES_MAX) {
    throw invalid(`${what} must have 1 to ${VALUES_MAX} values.`)
  }
  return Array.isArray(given) ? values : (values[0] as string)
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('it is not valid JSON.')
  }
}

function objectIn(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw invalid(`${what} must be an object.`)
}

function refuseOthers(others: Fields, what: string): void {
  const [name] = Object.keys(others)
  if (name !== undefined) throw invalid(`${what} has the unsupported element ${name}.`)
}

function invalid(reason: string): AwsError {
  return new AwsError('ValidationException', `Parameter Policy is not valid. Reason: ${reason}`)
}
