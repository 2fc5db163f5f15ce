import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'

import { faultOf } from '#src/model/catalogue/catalogue.ts'
import { closedSchema } from '#src/model/closed-schema.ts'
import { BundleFile } from '#src/model/compliance-bundle.ts'
import type { BundleRule } from '#src/model/compliance-bundle.ts'
import { at, listAt, textAt } from '../observed/foreign.ts'
import { conditionOf, firstLine } from './expression.ts'
import type { Condition } from './expression.ts'
import { RuleFault } from './rule-fault.ts'
import { faultOfMember } from './resource.ts'
import type { RuleResource } from './resource.ts'

/** What a rule says of a resource. */
export type Verdict =
  | { readonly status: 'PASSED' }
  /** The rule may be about such resources, and is not about this one as it is now. */
  | { readonly status: 'NOT_APPLICABLE' }
  | { readonly status: 'FAILED' | 'UNKNOWN'; readonly reason: string }

/** A rule, ready to be applied. */
export interface ReadyRule {
  readonly rule: BundleRule
  /** The members of a resource that it looks at; undefined: it may look at any. */
  readonly members: ReadonlySet<string> | undefined
  /** Whether resources of a type may be what the rule is about. */
  readonly isAbout: (resourceType: string) => boolean
  /** undefined where the rule is not about resources of such a type. */
  readonly verdictOn: (resource: RuleResource) => Verdict | undefined
}

export interface Bundle {
  readonly file: BundleFile
  /** Its rules with these parameters, or the file's own. */
  readonly rules: (parameters?: Readonly<Record<string, unknown>>) => readonly ReadyRule[]
}

const BUNDLE_CHARACTERS_MAX = 1_024 * 1_024

/**
 * AWS Config keeps how resources comply beside them, as items of types of their own: a rule is about
 * these where it names such a type.
 */
const VERDICT_TYPES: ReadonlySet<string> = new Set([
  'AWS::Config::ConformancePackCompliance',
  'AWS::Config::ResourceCompliance',
  'AWS::SSM::AssociationCompliance',
  'AWS::SSM::PatchCompliance',
])

const PLACEHOLDER = /\$\{([^}]+)\}/g

const validator = Compile(closedSchema(BundleFile))

/** Reads a file of rules. @throws RuleFault that says what is wrong, and in which rule */
export function parseBundle(text: string): Bundle {
  const bundle = bundleOf(text, conditionOf)
  for (const { rule, members } of bundle.rules()) {
    inPart(`rule "${rule.id}"`, () => checkMembers(rule, members))
  }
  return bundle
}

/**
 * Reads a file of rules that was taken once. A condition that is refused by now cannot be decided, and
 * says so of each resource; the other rules go on. What looks at members that no resource has goes on
 * saying what it said.
 */
export function parseStoredBundle(text: string): Bundle {
  return bundleOf(text, (assert) => {
    try {
      return conditionOf(assert)
    } catch (error) {
      const refuse = () => {
        throw error
      }
      return { members: undefined, complies: refuse }
    }
  })
}

function bundleOf(text: string, condition: (assert: string) => Condition): Bundle {
  if (text.length > BUNDLE_CHARACTERS_MAX) {
    throw new RuleFault(`the bundle is longer than ${BUNDLE_CHARACTERS_MAX} characters`)
  }
  const file = fileOf(text)
  const fault = faultOf(validator, file)
  if (fault !== undefined) throw new RuleFault(faultText(fault, file))
  const checked = file as BundleFile
  const ids = new Set(checked.rules.map(({ id }) => id))
  if (ids.size < checked.rules.length)
    throw new RuleFault('two rules of the bundle have the same id')
  const ready = checked.rules.map((rule) =>
    inPart(`rule "${rule.id}"`, () => readied(rule, condition)),
  )
  return {
    file: checked,
    rules: (parameters = {}) => {
      const all = { ...checked.parameters, ...parameters }
      return ready.map(({ rule, members, isAbout, verdict }) => ({
        rule,
        members,
        isAbout,
        verdictOn: (resource) => verdict(resource, all),
      }))
    },
  }
}

/** A place in the rules is told by the rule's id, as who wrote them knows it. */
function faultText(fault: string, file: unknown): string {
  const [, place, index = '', member = ''] = /^"(rules\.(\d+)\.([^"]+))"/.exec(fault) ?? []
  if (place === undefined) {
    const isObject = typeof file === 'object' && file !== null && !Array.isArray(file)
    return isObject
      ? `the bundle is not one: ${fault}`
      : 'the bundle is not one: it has "bundle", "version" and "rules"'
  }
  const id = textAt(file, 'rules', Number(index), 'id')
  const rule = id === undefined || member === 'id' ? `rule ${Number(index) + 1}` : `rule "${id}"`
  return `${rule}: ${fault.replace(place, member)}`
}

function fileOf(text: string): unknown {
  try {
    // A file of aliases of aliases would otherwise be as large as it likes.
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new RuleFault(`the bundle is not YAML: ${firstLine(error)}`, { cause: error })
  }
}

function readied(rule: BundleRule, condition: (assert: string) => Condition) {
  const { appliesTo } = rule
  const pattern = appliesTo === undefined ? undefined : patternOf(appliesTo)
  const types = appliesTo?.['resourceType']
  // A resource keeps its type: a rule of another one has never said anything of it.
  const ofType = types === undefined ? undefined : patternOf({ resourceType: types })
  const isAbout = (resourceType: string) =>
    ofType === undefined
      ? !VERDICT_TYPES.has(resourceType)
      : ofType.matches(JSON.stringify({ resourceType }))
  const { complies, members } = inPart('"assert"', () => condition(rule.assert))
  const verdict = (resource: RuleResource, parameters: unknown): Verdict | undefined => {
    if (!isAbout(resource.resourceType)) return undefined
    if (pattern?.matches(JSON.stringify(resource)) === false) return { status: 'NOT_APPLICABLE' }
    try {
      if (complies({ resource, parameters })) return { status: 'PASSED' }
      return { status: 'FAILED', reason: messageOf(rule, resource) }
    } catch (error) {
      return { status: 'UNKNOWN', reason: `the rule could not be applied: ${firstLine(error)}` }
    }
  }
  return { rule, members: members && membersOf(rule, members), isAbout, verdict }
}

/** With those that its pattern and its message look at. */
function membersOf(rule: BundleRule, members: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...members, ...patternMembers(rule.appliesTo), ...messageMembers(rule)])
}

/** Those of the alternatives of `$or` too. */
function patternMembers(pattern: unknown): readonly string[] {
  if (typeof pattern !== 'object' || pattern === null) return []
  return Object.keys(pattern).flatMap((name) =>
    name === '$or' ? listAt(pattern, name).flatMap(patternMembers) : [name],
  )
}

function messageMembers({ message = '' }: BundleRule): readonly string[] {
  return [...message.matchAll(PLACEHOLDER)].map(([, path = '']) => path.split('.')[0] ?? '')
}

/**
 * A pattern on a member that resources do not have matches none, and a condition on one can be decided
 * of none: the rule would be enabled and say nothing, for ever.
 * @param members undefined: nobody can tell which
 */
function checkMembers(rule: BundleRule, members: ReadonlySet<string> | undefined): void {
  const named = [
    ['appliesTo', patternMembers(rule.appliesTo)],
    ['message', messageMembers(rule)],
    ['assert', members ?? []],
  ] as const
  for (const [part, names] of named) {
    const fault = [...names].map(faultOfMember).find((one) => one !== undefined)
    if (fault !== undefined) throw new RuleFault(`"${part}": ${fault}`)
  }
}

function patternOf(appliesTo: object): EventPattern {
  try {
    return EventPattern.parse(JSON.stringify(appliesTo))
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new RuleFault(`"appliesTo" is no event pattern: ${firstLine(error)}`, { cause: error })
  }
}

function inPart<T>(part: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new RuleFault(`${part}: ${error.message}`, { cause: error })
  }
}

/** `${tags.owner}` in a message is that of the resource. */
function messageOf({ message, title }: BundleRule, resource: RuleResource): string {
  return (message ?? title).replaceAll(PLACEHOLDER, (_, path: string) => {
    const value = at(resource, ...path.split('.'))
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  })
}
