import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { AwsError } from '#src/errors.ts'
import { busArn, ruleArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Rule, RuleState, Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { BUSES, RULES, busKey, ruleKey, rulesOfBusPrefix } from './documents.ts'
import { limitExceeded, noSuchBus } from './event-buses.ts'
import type { PageRequest } from './event-buses.ts'
import { checkSchedule, keepRuleTimer, stopRuleTimer } from './scheduled-rules.ts'

/** What PutRule sets; what it leaves out goes back to the default, as on AWS. */
export interface RuleSettings {
  readonly name: string
  readonly eventPattern?: string | undefined
  readonly scheduleExpression?: string | undefined
  readonly state?: RuleState | undefined
  readonly description?: string | undefined
}

export interface Rules {
  /**
   * @throws AwsError InvalidEventPatternException, ValidationException, ManagedRuleException,
   * LimitExceededException
   */
  put(bus: BusAddress, settings: RuleSettings, createdBy: AccountId): Promise<Rule>
  /** @throws AwsError ResourceNotFoundException */
  describe(bus: BusAddress, name: string): Promise<Rule>
  list(bus: BusAddress, page: PageRequest): Promise<Page<Rule>>
  setState(bus: BusAddress, name: string, state: RuleState): Promise<void>
  /** A rule that does not exist is no error. `force` is needed for a managed rule. */
  remove(bus: BusAddress, name: string, force: boolean): Promise<void>
  putTargets(bus: BusAddress, name: string, targets: readonly Target[]): Promise<void>
  /** An id that the rule does not have is no error. `force` is needed for a managed rule. */
  removeTargets(
    bus: BusAddress,
    name: string,
    removal: { readonly ids: readonly string[]; readonly force: boolean },
  ): Promise<void>
}

/** AWS's default quotas. */
const RULES_PER_BUS_MAX = 300
const TARGETS_PER_RULE_MAX = 5

export function createRules(state: State, clock: Clock): Rules {
  const change = async (
    bus: BusAddress,
    name: string,
    edit: (rule: Rule) => Rule,
    force = false,
  ): Promise<Rule> =>
    state.transact(async (transaction) => {
      const rule = await existingRule(transaction, bus, name)
      if (!force) refuseManaged(rule)
      const edited = edit(rule)
      const key = ruleKey(bus, name)
      transaction.put(RULES, key, edited)
      await keepRuleTimer(transaction, key, { before: rule, after: edited, now: clock.now() })
      return edited
    })

  return {
    put: async (bus, settings, createdBy) => {
      if (settings.eventPattern !== undefined) parsePattern(settings.eventPattern)
      checkSchedule(bus, settings.scheduleExpression)
      return state.transact(async (transaction) => {
        const stored = await transaction.get(BUSES, busKey(bus))
        if (stored === undefined) throw noSuchBus(bus.name)
        const key = ruleKey(bus, settings.name)
        const before = await transaction.get(RULES, key)
        if (before !== undefined) refuseManaged(before)
        else if (stored.ruleCount >= RULES_PER_BUS_MAX) throw limitExceeded()
        else transaction.put(BUSES, busKey(bus), { ...stored, ruleCount: stored.ruleCount + 1 })
        const rule = ruleFrom(bus, settings, before ?? { createdBy, targets: [] })
        transaction.put(RULES, key, rule)
        await keepRuleTimer(transaction, key, { before, after: rule, now: clock.now() })
        return rule
      })
    },
    describe: async (bus, name) => {
      const rule = await state.get(RULES, ruleKey(bus, name))
      if (rule !== undefined) return rule
      if ((await state.get(BUSES, busKey(bus))) === undefined) throw noSuchBus(bus.name)
      throw noSuchRule(bus, name)
    },
    list: async (bus, { namePrefix = '', after, limit }) => {
      if ((await state.get(BUSES, busKey(bus))) === undefined) throw noSuchBus(bus.name)
      const found = await state.list(RULES, {
        prefix: rulesOfBusPrefix(bus, namePrefix),
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      return pageOf(found, limit)
    },
    setState: async (bus, name, ruleState) => {
      await change(bus, name, (rule) => ({ ...rule, state: ruleState }))
    },
    remove: async (bus, name, force) => {
      await state.transact(async (transaction) => {
        const stored = await transaction.get(BUSES, busKey(bus))
        if (stored === undefined) throw noSuchBus(bus.name)
        const key = ruleKey(bus, name)
        const rule = await transaction.get(RULES, key)
        if (rule === undefined) return
        if (!force) refuseManaged(rule, " Set 'force' parameter to true to override.")
        if (rule.targets.length > 0) {
          throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.")
        }
        transaction.delete(RULES, key)
        await stopRuleTimer(transaction, key)
        transaction.put(BUSES, busKey(bus), { ...stored, ruleCount: stored.ruleCount - 1 })
      })
    },
    putTargets: async (bus, name, targets) => {
      await change(bus, name, (rule) => {
        const put = new Map(rule.targets.map((target) => [target.id, target]))
        for (const target of targets) put.set(target.id, target)
        if (put.size > TARGETS_PER_RULE_MAX) throw limitExceeded()
        return { ...rule, targets: [...put.values()] }
      })
    },
    removeTargets: async (bus, name, { ids, force }) => {
      const edit = (rule: Rule) => ({
        ...rule,
        targets: rule.targets.filter((target) => !ids.includes(target.id)),
      })
      await change(bus, name, edit, force)
    },
  }
}

/** @throws AwsError InvalidEventPatternException with AWS's text. */
export function parsePattern(text: string): EventPattern {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new AwsError(
      'InvalidEventPatternException',
      `Event pattern is not valid. Reason: ${error.message}`,
    )
  }
}

function ruleFrom(
  bus: BusAddress,
  settings: RuleSettings,
  kept: Pick<Rule, 'createdBy' | 'targets'>,
): Rule {
  const { name, eventPattern, scheduleExpression, description, state = 'ENABLED' } = settings
  return {
    name,
    busArn: busArn(bus),
    arn: ruleArn(bus, name),
    state,
    ...(eventPattern !== undefined && { eventPattern }),
    ...(scheduleExpression !== undefined && { scheduleExpression }),
    ...(description !== undefined && { description }),
    createdBy: kept.createdBy,
    targets: kept.targets,
  }
}

async function existingRule(
  transaction: StateTransaction,
  bus: BusAddress,
  name: string,
): Promise<Rule> {
  const rule = await transaction.get(RULES, ruleKey(bus, name))
  if (rule !== undefined) return rule
  if ((await transaction.get(BUSES, busKey(bus))) === undefined) throw noSuchBus(bus.name)
  throw noSuchRule(bus, name)
}

function refuseManaged(rule: Rule, advice = ''): void {
  if (rule.managedBy === undefined) return
  throw new AwsError('ManagedRuleException', `Rule ${rule.name} is a managed rule.${advice}`)
}

function noSuchRule(bus: BusAddress, name: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Rule ${name} does not exist on EventBus ${bus.name}.`,
  )
}
