import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, RULES, busArnOf, busKey, rulesOfBusPrefix } from './documents.ts'

/** A bus with its enabled rules, ready to match. */
export interface BusRules {
  /** Enabled rules whose pattern matches the event text. */
  match(eventJson: string): readonly Rule[]
}

export interface RuleTable {
  /** The bus's rules as they are now, or undefined where there is no such bus. */
  rulesOf(busArn: string): Promise<BusRules | undefined>
}

/** Buses whose rules are held in memory; others are read again when an event meets them. */
const BUSES_IN_MEMORY_MAX = 50_000
/** Assurance puts the same pattern on every bus: parsed once, shared. */
const PARSED_PATTERNS_MAX = 10_000
const RULES_PER_READ = 1_000

/**
 * Rules by bus, read when first needed. A change drops the bus; the next event reads it anew and
 * swaps it in whole.
 */
export function createRuleTable(state: State): RuleTable {
  const loaded = new Map<string, Promise<BusRules | undefined>>()
  const patterns = new Map<string, EventPattern>()

  state.watch((changes) => {
    for (const { collection, key } of changes) {
      if (collection === BUSES.name || collection === RULES.name) loaded.delete(busArnOf(key))
    }
  })

  const patternOf = (text: string): EventPattern => {
    const known = patterns.get(text)
    if (known !== undefined) return known
    if (patterns.size >= PARSED_PATTERNS_MAX) patterns.clear()
    const parsed = EventPattern.parse(text)
    patterns.set(text, parsed)
    return parsed
  }

  const load = async (address: BusAddress): Promise<BusRules | undefined> => {
    if ((await state.get(BUSES, busKey(address))) === undefined) return undefined
    const rules = new RuleSet<Rule>()
    let after: string | undefined
    do {
      const found = await state.list(RULES, {
        prefix: rulesOfBusPrefix(address),
        limit: RULES_PER_READ,
        ...(after !== undefined && { after }),
      })
      for (const { value: rule } of found) {
        if (rule.state === 'ENABLED') rules.add(rule, patternOf(rule.eventPattern))
      }
      after = found.length === RULES_PER_READ ? found.at(-1)?.key : undefined
    } while (after !== undefined)
    // Recorded events are valid and compact, and their keys unique.
    return { match: (eventJson) => rules.match(eventJson, { trusted: true }) }
  }

  return {
    rulesOf: (busArn) => {
      const known = loaded.get(busArn)
      if (known !== undefined) return known
      if (loaded.size >= BUSES_IN_MEMORY_MAX) loaded.clear()
      const address = parseBusArn(busArn)
      const loading = address === undefined ? Promise.resolve(undefined) : load(address)
      loaded.set(busArn, loading)
      // A read that failed must not be remembered.
      loading.catch(() => loaded.delete(busArn))
      return loading
    },
  }
}
