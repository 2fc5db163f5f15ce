/**
 * Tag policies of AWS Organizations, from the root down: each changes what those above it say.
 *
 *   {"tags": {"costcenter": {"tag_key": {"@@assign": "CostCenter"},
 *                            "tag_value": {"@@assign": ["100", "200*"]}}}}
 *
 * A member without an operator is how AWS writes a policy that is effective, and is assigned.
 */
import { textAt } from '../observed/foreign.ts'
import { RuleFault } from './rule-fault.ts'

/** What policies say, together, of the tags whose keys are the same but for their case. */
export interface TagRequirement {
  /** In lower case. */
  readonly policyKey: string
  /** As the key is to be spelt. */
  readonly tagKey: string
  /** In which one star may be any text; undefined: any value will do; empty: none will. */
  readonly values?: readonly string[]
}

export interface TagPolicies {
  /** By their policy keys. */
  readonly requirements: readonly TagRequirement[]
  /** What they say that is AWS's alone to do, or that has no effect, for a person to read. */
  readonly leftOut: readonly string[]
}

/** AWS's quota; white space between the elements of JSON does not count. */
export const TAG_POLICY_CHARACTERS_MAX = 10_000
const KEY_CHARACTERS_MAX = 128
const VALUE_CHARACTERS_MAX = 256
/** What AWS admits in tags. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

const CHILD_CONTROL = '@@operators_allowed_for_child_policies'
const OPERATORS = ['@@assign', '@@append', '@@remove'] as const
type Operator = (typeof OPERATORS)[number]
type Json = Readonly<Record<string, unknown>>

const AWS_ONLY: Readonly<Record<string, string>> = {
  enforced_for:
    'what AWS refuses to tag otherwise is AWS’s to refuse; here all resources are checked',
  report_required_tag_for: 'give the key as a required one to have resources without it reported',
}

/** One key while policies are read. */
interface Draft {
  readonly policyKey: string
  readonly tagKey?: string
  readonly values?: readonly string[]
  /** By member, and by '' for the key itself: what policies below may do. */
  readonly allowed: Map<string, readonly string[]>
}

/** @param texts from the root down @throws RuleFault that says what cannot be meant, and where */
export function readTagPolicies(texts: readonly string[]): TagPolicies {
  const drafts = new Map<string, Draft>()
  const top = new Map<string, readonly string[]>()
  const leftOut = new Set<string>()
  texts.forEach((text, index) => {
    const where = texts.length === 1 ? 'the tag policy' : `tag policy ${index + 1}`
    try {
      readInto({ drafts, top, leftOut }, policyOf(text))
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error
      throw new RuleFault(`${where}: ${error.message}`, { cause: error })
    }
  })
  const requirements = [...drafts.values()].map(({ policyKey, tagKey, values }) => ({
    policyKey,
    tagKey: tagKey ?? policyKey,
    ...(values !== undefined && { values }),
  }))
  return {
    requirements: requirements.toSorted((a, b) => (a.policyKey < b.policyKey ? -1 : 1)),
    leftOut: [...leftOut],
  }
}

function policyOf(text: string): Json {
  const answer = parsed(text)
  // What the AWS CLI prints has the policy as a text.
  const content =
    textAt(answer, 'EffectivePolicy', 'PolicyContent') ?? textAt(answer, 'Policy', 'Content')
  const policy = content === undefined ? answer : parsed(content)
  const { length } = JSON.stringify(policy)
  if (length > TAG_POLICY_CHARACTERS_MAX) {
    throw new RuleFault(
      `it has ${length} characters, and AWS takes ${TAG_POLICY_CHARACTERS_MAX} at most`,
    )
  }
  if (!isObject(policy) || !isObject(policy['tags'])) {
    throw new RuleFault('it is no tag policy: that is an object with an object "tags"')
  }
  const other = Object.keys(policy).find((name) => name !== 'tags')
  if (other !== undefined) throw new RuleFault(`"${other}" is no member of a tag policy`)
  return policy['tags']
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RuleFault(`it is not JSON: ${(cause as Error).message}`, { cause })
  }
}

interface Reading {
  readonly drafts: Map<string, Draft>
  readonly top: Map<string, readonly string[]>
  readonly leftOut: Set<string>
}

function readInto({ drafts, top, leftOut }: Reading, tags: Json): void {
  const seen = new Set<string>()
  const mayAdd = allows(top.get(''), '@@assign')
  for (const [name, said] of Object.entries(tags)) {
    if (name === CHILD_CONTROL) continue
    const policyKey = name.toLowerCase()
    if (seen.has(policyKey)) throw new RuleFault(`the key "${name}" is there twice`)
    seen.add(policyKey)
    checkKey(name)
    if (!isObject(said)) throw new RuleFault(`"${name}" is no object`)
    const known = drafts.get(policyKey)
    if (known === undefined && !mayAdd) {
      leftOut.add(`"${name}": a policy above allows no other keys`)
      continue
    }
    const draft = known ?? { policyKey, allowed: new Map() }
    drafts.set(policyKey, draft)
    readKey(draft, { name, said, leftOut })
  }
  keepControl(top, '', tags)
}

/** What a policy above does not allow has no effect, as AWS has it, and is told. */
function readKey(
  draft: Draft,
  { name, said, leftOut }: { readonly name: string; readonly said: Json; leftOut: Set<string> },
): void {
  const lockedBefore = !allows(draft.allowed.get(''), '@@assign')
  for (const [member, setting] of Object.entries(said)) {
    if (member === CHILD_CONTROL) continue
    const isLocked = lockedBefore && !draft.allowed.has(member)
    const aws = AWS_ONLY[member]
    if (aws !== undefined) leftOut.add(`"${member}" of "${name}": ${aws}`)
    else if (member !== 'tag_key' && member !== 'tag_value') {
      throw new RuleFault(`"${name}" has a member "${member}": there are tag_key and tag_value`)
    } else {
      for (const [operator, given] of operationsOf(setting, `${name}.${member}`)) {
        const change =
          member === 'tag_key'
            ? { tagKey: keyOf(draft, operator, given) }
            : { values: valuesOf(draft, { operator, given, leftOut }) }
        if (isLocked || !allows(draft.allowed.get(member), operator)) {
          leftOut.add(`${operator} of "${member}" of "${name}": a policy above does not allow it`)
        } else Object.assign(draft, change)
      }
      if (!isLocked) keepControl(draft.allowed, member, setting)
    }
  }
  keepControl(draft.allowed, '', said)
}

function operationsOf(setting: unknown, place: string): readonly (readonly [Operator, unknown])[] {
  if (!isObject(setting)) return [['@@assign', setting]]
  const other = Object.keys(setting).find(
    (name) => name !== CHILD_CONTROL && !OPERATORS.some((operator) => operator === name),
  )
  if (other !== undefined) {
    throw new RuleFault(`"${place}" has "${other}": the operators are ${OPERATORS.join(', ')}`)
  }
  const given = OPERATORS.filter((operator) => Object.hasOwn(setting, operator))
  if (given.includes('@@assign') && given.length > 1) {
    throw new RuleFault(`"${place}" assigns, and ${given[1]}s too: it must be one of them`)
  }
  return given.map((operator) => [operator, setting[operator]] as const)
}

function keyOf({ policyKey }: Draft, operator: Operator, given: unknown): string {
  if (operator !== '@@assign' || typeof given !== 'string') {
    throw new RuleFault(`"tag_key" of "${policyKey}" is one text, and assigned`)
  }
  if (given.toLowerCase() !== policyKey) {
    throw new RuleFault(`"tag_key" of "${policyKey}" is "${given}": only its case may be another`)
  }
  return given
}

function valuesOf(
  { policyKey, values: before }: Draft,
  {
    operator,
    given,
    leftOut,
  }: { readonly operator: Operator; readonly given: unknown; readonly leftOut: Set<string> },
): readonly string[] | undefined {
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given]
  const values = texts.map((value) => checkedValue(value, policyKey))
  if (operator === '@@assign') return [...new Set(values)]
  if (operator === '@@append') return [...new Set([...(before ?? []), ...values])]
  for (const value of values) {
    if (before?.includes(value) === true) continue
    leftOut.add(
      `@@remove of the value "${value}" of "${policyKey}": no policy above has it, so give those above first, where there are any`,
    )
  }
  return before?.filter((value) => !values.includes(value))
}

function checkedValue(value: unknown, policyKey: string): string {
  if (typeof value !== 'string') {
    throw new RuleFault(`the values of "${policyKey}" are texts, not ${JSON.stringify(value)}`)
  }
  if (value.split('*').length > 2) {
    throw new RuleFault(`the value "${value}" of "${policyKey}" has more than one "*"`)
  }
  if (value.length > VALUE_CHARACTERS_MAX || !TAG_TEXT.test(value.replace('*', ''))) {
    throw new RuleFault(`"${value}" cannot be a value of a tag`)
  }
  return value
}

function checkKey(name: string): void {
  const isTagKey = name.length > 0 && name.length <= KEY_CHARACTERS_MAX && TAG_TEXT.test(name)
  if (!isTagKey || name.toLowerCase().startsWith('aws:')) {
    throw new RuleFault(`"${name}" cannot be the key of a tag`)
  }
}

function allows(allowed: readonly string[] | undefined, operator: string): boolean {
  return allowed === undefined || allowed.includes('@@all') || allowed.includes(operator)
}

function keepControl(
  allowed: Map<string, readonly string[]>,
  member: string,
  setting: unknown,
): void {
  if (!isObject(setting) || !Object.hasOwn(setting, CHILD_CONTROL)) return
  const control = setting[CHILD_CONTROL]
  const operators: readonly unknown[] = Array.isArray(control) ? control : []
  const known = ['@@all', '@@none', ...OPERATORS]
  if (operators.length === 0 || operators.some((one) => !known.includes(String(one)))) {
    throw new RuleFault(`"${CHILD_CONTROL}" is a list of ${known.join(', ')}`)
  }
  // What is forbidden above stays so.
  const before = allowed.get(member)
  allowed.set(
    member,
    operators.map(String).filter((one) => allows(before, one)),
  )
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
