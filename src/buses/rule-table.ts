import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { busArn, parseBusArn, parseRuleArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { isArchiveRule } from '#src/model/event-bus.ts'
import type { ArchiveTarget, Rule, Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { withRoleOfRule } from '#src/model/target-role.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, RULES, busArnOf, busKey, ruleNameOf, rulesOfBusPrefix } from './documents.ts'

/** A bus with its enabled rules, ready to match. */
export interface BusRules {
  /** Enabled rules whose pattern matches the event text, without those of archives. */
  match(eventJson: string): readonly Rule[]
  /** The archives whose rule's pattern matches the event text. */
  matchArchives(eventJson: string): readonly ArchiveTarget[]
  /** Any rule of the bus, enabled or not. */
  rule(name: string): Rule | undefined
  /** All of them, in the order of their names. */
  all(): readonly Rule[]
}

export interface RuleTable {
  /** The bus's rules as they are now, or undefined where there is no such bus. */
  rulesOf(busArn: string): Promise<BusRules | undefined>
  /** The enabled rules that get an event. */
  matching(event: RecordedEvent): Promise<readonly Rule[]>
  /**
   * A rule's target as it is now, in the role that it has, whether the rule is enabled or not;
   * undefined where it is gone.
   */
  targetOf(ruleArn: string, targetId: string): Promise<Target | undefined>
}

/** Buses whose rules are held in memory; others are read again when an event meets them. */
const BUSES_IN_MEMORY_MAX = 50_000
/** Assurance puts the same pattern on every bus: parsed once, shared. */
const PARSED_PATTERNS_MAX = 10_000
const RULES_PER_READ = 1_000

/** A bus whose rules are being read, or have been. */
interface HeldBus {
  readonly rules: Promise<BusRules | undefined>
  /** Undefined until they have been read. */
  read?: RulesInMemory
}

interface RulesInMemory {
  readonly byName: Map<string, { readonly rule: Rule; readonly pattern?: EventPattern }>
  readonly patterns: RuleSet<string>
  /** Patterns of the rules of archives: who routes does not ask for them, who archives only for them. */
  readonly archivePatterns: RuleSet<string>
}

/**
 * Rules by bus, read when first needed and kept up to date from then on: a rule that is put,
 * deleted, enabled or disabled changes its own place only.
 */
export function createRuleTable(state: State): RuleTable {
  const held = new Map<string, HeldBus>()
  const parsed = new Map<string, EventPattern>()

  const patternOf = (text: string): EventPattern => {
    const known = parsed.get(text)
    if (known !== undefined) return known
    if (parsed.size >= PARSED_PATTERNS_MAX) parsed.clear()
    const pattern = EventPattern.parse(text)
    parsed.set(text, pattern)
    return pattern
  }

  const set = (rules: RulesInMemory, name: string, rule: Rule | undefined) => {
    const { byName } = rules
    const before = byName.get(name)
    if (before?.pattern !== undefined) patternsFor(rules, before.rule).delete(name, before.pattern)
    byName.delete(name)
    if (rule === undefined) return
    if (rule.state !== 'ENABLED' || rule.eventPattern === undefined) {
      byName.set(name, { rule })
      return
    }
    const pattern = patternOf(rule.eventPattern)
    byName.set(name, { rule, pattern })
    patternsFor(rules, rule).add(name, pattern)
  }

  const read = async (address: BusAddress): Promise<RulesInMemory | undefined> => {
    if ((await state.get(BUSES, busKey(address))) === undefined) return undefined
    const rules: RulesInMemory = {
      byName: new Map(),
      patterns: new RuleSet(),
      archivePatterns: new RuleSet(),
    }
    let after: string | undefined
    do {
      const found = await state.list(RULES, {
        prefix: rulesOfBusPrefix(address),
        limit: RULES_PER_READ,
        ...(after !== undefined && { after }),
      })
      for (const { value: rule } of found) set(rules, rule.name, rule)
      after = found.length === RULES_PER_READ ? found.at(-1)?.key : undefined
    } while (after !== undefined)
    return rules
  }

  const hold = (arn: string): HeldBus => {
    const address = parseBusArn(arn)
    const reading = address === undefined ? Promise.resolve(undefined) : read(address)
    const bus: HeldBus = {
      rules: reading.then((rules) => {
        if (rules === undefined) return undefined
        bus.read = rules
        return busRulesOf(rules)
      }),
    }
    // A read that failed must not be remembered.
    reading.catch(() => held.delete(arn))
    return bus
  }

  state.watch((changes) => {
    for (const { collection, key, value } of changes) {
      if (collection !== BUSES.name && collection !== RULES.name) continue
      const arn = busArnOf(key)
      const rules = held.get(arn)?.read
      // What changes while it is read may have been missed: it is read again. A bus counts its
      // rules in its own document, so only its coming and going matters.
      if (rules === undefined || (collection === BUSES.name && value === undefined)) {
        held.delete(arn)
      } else if (collection === RULES.name) {
        set(rules, ruleNameOf(key), value as Rule | undefined)
      }
    }
  })

  const rulesOf: RuleTable['rulesOf'] = (arn) => {
    const known = held.get(arn)
    if (known !== undefined) return known.rules
    if (held.size >= BUSES_IN_MEMORY_MAX) held.clear()
    const bus = hold(arn)
    held.set(arn, bus)
    return bus.rules
  }

  return {
    rulesOf,
    matching: async ({ busArn: arn, onlyRules, json }) => {
      const rules = await rulesOf(arn)
      if (onlyRules === undefined) return rules?.match(json) ?? []
      return onlyRules.flatMap((rule) => {
        const found = rules?.rule(parseRuleArn(rule)?.rule ?? '')
        return found?.state === 'ENABLED' ? [found] : []
      })
    },
    targetOf: async (arn, targetId) => {
      const named = parseRuleArn(arn)
      if (named === undefined) return undefined
      const rules = await rulesOf(busArn(named.bus))
      const rule = rules?.rule(named.rule)
      const target = rule?.targets.find(({ id }) => id === targetId)
      return target && withRoleOfRule(target, rule?.roleArn)
    },
  }
}

function patternsFor(rules: RulesInMemory, rule: Rule): RuleSet<string> {
  return isArchiveRule(rule) ? rules.archivePatterns : rules.patterns
}

function busRulesOf(rules: RulesInMemory): BusRules {
  return {
    match: (eventJson) => matchingRules(rules, rules.patterns, eventJson),
    matchArchives: (eventJson) =>
      matchingRules(rules, rules.archivePatterns, eventJson).flatMap(({ targets }) =>
        targets.flatMap(({ archive }) => archive ?? []),
      ),
    rule: (name) => rules.byName.get(name)?.rule,
    all: () => Array.from(rules.byName.values(), ({ rule }) => rule).toSorted(inOrderOfNames),
  }
}

function matchingRules(
  { byName }: RulesInMemory,
  patterns: RuleSet<string>,
  eventJson: string,
): readonly Rule[] {
  // Not as trusted: a detail may name a field twice, and then all its values count.
  return patterns.match(eventJson).flatMap((name) => {
    const found = byName.get(name)
    return found === undefined ? [] : [found.rule]
  })
}

function inOrderOfNames(left: Rule, right: Rule): number {
  return left.name < right.name ? -1 : 1
}
