/**
 * Words of resource policies, which are AWS IAM's.
 *
 *  policy     what the owner of an event bus lets whom do with it, and forbids
 *  statement  one grant (Allow) or prohibition (Deny)
 *  principal  whom a statement is about
 *  condition  what must be so for a statement to count: operator, key, values
 *  context    what is known of a request, by condition key
 */
import type { AccountId } from './event.ts'

type OneOrMore = string | readonly string[]

/** By operator, then by key. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>

/** A statement as IAM writes it, checked by `parsePolicy`. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal: '*' | { readonly AWS: OneOrMore }
  readonly Action: OneOrMore
  readonly Resource: OneOrMore
  readonly Condition?: Conditions
}

export interface Policy {
  readonly Version: string
  readonly Id?: string
  readonly Statement: readonly Statement[]
}

/** A value that nobody knows before the time: an event pattern may ask for many. */
export const ANY_VALUE = Symbol('any value')
export type ContextValue = string | typeof ANY_VALUE
export type Context = Readonly<Record<string, readonly ContextValue[] | undefined>>

export interface PolicyPrincipal {
  readonly account: AccountId
  /** The ARNs that it goes by: its own, and its role's. */
  readonly arns: readonly string[]
}

export interface PolicyRequest {
  readonly principal: PolicyPrincipal
  /** Such as `events:PutEvents`. */
  readonly action: string
  /** The ways to write what it is done to. */
  readonly resources: readonly string[]
  readonly context: Context
}

/** `denied` by a statement; `not-granted` where no statement says anything. */
export type Verdict = 'allowed' | 'denied' | 'not-granted'

/** What a policy says to a request: a Deny wins over every Allow. */
export function verdictOn(policy: Policy, request: PolicyRequest): Verdict {
  const that = policy.Statement.filter((statement) => concerns(statement, request))
  if (that.some(({ Effect }) => Effect === 'Deny')) return 'denied'
  return that.length > 0 ? 'allowed' : 'not-granted'
}

function concerns(statement: Statement, request: PolicyRequest): boolean {
  const { Principal, Action, Resource, Condition = {}, Effect } = statement
  if (Principal !== '*' && !listed(Principal.AWS).some((name) => names(name, request.principal))) {
    return false
  }
  if (!listed(Action).includes(request.action)) return false
  const covers = (pattern: string) => request.resources.some((arn) => isLike(pattern, arn))
  if (!listed(Resource).some(covers)) return false
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const given = request.context[key] ?? []
      return holds(operator, listed(wanted).map(substituted(request.principal)), given, Effect)
    }),
  )
}

const ROOT = /^arn:aws[\w-]*:iam::(\d{12}):root$/

function names(name: string, { account, arns }: PolicyPrincipal): boolean {
  if (name === '*' || name === account || ROOT.exec(name)?.[1] === account) return true
  return arns.includes(name)
}

type Test = (wanted: string, given: string) => boolean

const sameIn = (change: (text: string) => string): Test => {
  return (wanted, given) => change(wanted) === change(given)
}
const arnIsLike: Test = (wanted, given) => {
  const [patterns, parts] = [arnParts(wanted), arnParts(given)]
  return (
    parts.length === patterns.length && parts.every((part, n) => isLike(patterns[n] ?? '', part))
  )
}

/** Each operator's test; one that begins with "not" holds where no wanted value passes it. */
const OPERATORS: Readonly<Record<string, { readonly test: Test; readonly not?: true }>> = {
  StringEquals: { test: sameIn((text) => text) },
  StringNotEquals: { test: sameIn((text) => text), not: true },
  StringEqualsIgnoreCase: { test: sameIn((text) => text.toLowerCase()) },
  StringNotEqualsIgnoreCase: { test: sameIn((text) => text.toLowerCase()), not: true },
  StringLike: { test: isLike },
  StringNotLike: { test: isLike, not: true },
  ArnEquals: { test: arnIsLike },
  ArnLike: { test: arnIsLike },
  ArnNotEquals: { test: arnIsLike, not: true },
  ArnNotLike: { test: arnIsLike, not: true },
  Bool: { test: sameIn((text) => text.toLowerCase()) },
}

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/

/** Whether a condition's operator is one that policies may use here. */
export function isOperator(operator: string): boolean {
  if (operator === 'Null') return true
  const [, , name = ''] = OPERATOR.exec(operator) ?? []
  return Object.hasOwn(OPERATORS, name)
}

/**
 * Longer than any ARN of a bus or a rule. Who is judged chooses the values, and comparing takes
 * time as the product of the lengths: a longer one counts as one that is not known.
 */
const VALUE_CHARACTERS_MAX = 512

/**
 * Of a key with several values, such as the sources in an event pattern, an operator without
 * ForAllValues or ForAnyValue counts in the careful way: an Allow wants all of them to pass, for a
 * Deny one is enough. The same goes for a value that is not known.
 */
function holds(
  operator: string,
  wanted: readonly string[],
  given: readonly ContextValue[],
  effect: Statement['Effect'],
): boolean {
  if (operator === 'Null') return wanted.includes(String(given.length === 0))
  const [, set, name = '', ifExists] = OPERATOR.exec(operator) ?? []
  const { test, not = false } = OPERATORS[name] as (typeof OPERATORS)[string]
  if (given.length === 0) {
    return set === 'ForAllValues' || ifExists !== undefined || (not && set === undefined)
  }
  const passes = (value: ContextValue) =>
    value === ANY_VALUE || value.length > VALUE_CHARACTERS_MAX
      ? effect === 'Deny'
      : wanted.some((one) => test(one, value)) !== not
  const all = set === undefined ? effect === 'Allow' : set === 'ForAllValues'
  return all ? given.every(passes) : given.some(passes)
}

/** The one variable that is known of every request. */
export const POLICY_VARIABLE = '${aws:PrincipalAccount}'

function substituted({ account }: PolicyPrincipal): (text: string) => string {
  return (text) => text.replaceAll(POLICY_VARIABLE, account)
}

/** `*` stands for any characters, `?` for one; in time of the product of the lengths at most. */
function isLike(pattern: string, text: string): boolean {
  let [p, t] = [0, 0]
  let star: { readonly p: number; t: number } | undefined
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = { p: (p += 1), t }
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p += 1
      t += 1
    } else if (star !== undefined) {
      star.t += 1
      ;({ p, t } = star)
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

/** The six parts of an ARN; the last keeps its colons. */
function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

function listed(value: OneOrMore): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
