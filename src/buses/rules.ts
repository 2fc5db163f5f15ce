import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { AwsError } from '#src/errors.ts'
import { busArn, ruleArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Rule, RuleState, Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Quotas } from '#src/model/quotas.ts'
import { missingRole, withRoleOfRule } from '#src/model/target-role.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { BUSES, RESOURCE_TAGS, RULES, busKey, ruleKey, rulesOfBusPrefix } from './documents.ts'
import type { StoredBus, Tags } from './documents.ts'
import { existingBus, limitExceeded } from './event-buses.ts'
import type { PageRequest } from './event-buses.ts'
import { checkSchedule, keepRuleTimer, stopRuleTimer } from './scheduled-rules.ts'

/** What PutRule sets; what it leaves out goes back to the default, as on AWS. */
export interface RuleSettings {
  readonly name: string
  readonly eventPattern?: string | undefined
  readonly scheduleExpression?: string | undefined
  readonly state?: RuleState | undefined
  readonly description?: string | undefined
  readonly roleArn?: string | undefined
  /** Of a new rule; one that is there keeps its own. */
  readonly tags?: Tags
}

export interface Rules {
  /**
   * @throws AwsError InvalidEventPatternException, ValidationException (also where a target would
   * be without the role that it needs), ManagedRuleException, LimitExceededException
   */
  put(bus: BusAddress, settings: RuleSettings, createdBy: AccountId): Promise<Rule>
  /** @throws AwsError ResourceNotFoundException */
  describe(bus: BusAddress, name: string): Promise<Rule>
  list(bus: BusAddress, page: PageRequest): Promise<Page<Rule>>
  /** Those that have a target of this ARN. */
  listByTarget(
    bus: BusAddress,
    targetArn: string,
    page: Pick<PageRequest, 'after' | 'limit'>,
  ): Promise<Page<Rule>>
  setState(bus: BusAddress, name: string, state: RuleState): Promise<void>
  /** A rule that does not exist is no error. `force` is needed for a managed rule. */
  remove(bus: BusAddress, name: string, force: boolean): Promise<void>
  /** @throws AwsError ValidationException, LimitExceededException, ManagedRuleException */
  putTargets(bus: BusAddress, name: string, targets: readonly Target[]): Promise<void>
  /** An id that the rule does not have is no error. `force` is needed for a managed rule. */
  removeTargets(
    bus: BusAddress,
    name: string,
    removal: { readonly ids: readonly string[]; readonly force: boolean },
  ): Promise<void>
}

export interface RulesPorts {
  readonly state: State
  readonly clock: Clock
  readonly quotas: Quotas
}

export function createRules({ state, clock, quotas }: RulesPorts): Rules {
  const change = async (
    bus: BusAddress,
    name: string,
    edit: (rule: Rule) => Rule,
    force?: boolean,
  ): Promise<Rule> =>
    state.transact(async (transaction) => {
      const rule = await existingRule(transaction, bus, name)
      if (!force) refuseManaged(rule, force === undefined ? '' : FORCE_ADVICE)
      const edited = edit(rule)
      const key = ruleKey(bus, name)
      transaction.put(RULES, key, edited)
      await keepRuleTimer(transaction, key, { before: rule, after: edited, now: clock.now() })
      return edited
    })

  return {
    put: async (bus, settings, createdBy) => {
      const { eventPattern, scheduleExpression } = settings
      if (eventPattern !== undefined) parsePattern(eventPattern)
      if ((eventPattern?.length ?? 0) > quotas['pattern-size']) throw limitExceeded()
      checkSchedule(bus, scheduleExpression)
      return state.transact(async (transaction) => {
        const stored = await existingBus(transaction, bus)
        const key = ruleKey(bus, settings.name)
        const before = await transaction.get(RULES, key)
        if (before !== undefined) refuseManaged(before)
        const made = ruleFrom(bus, settings, before ?? { createdBy, targets: [] })
        const rule = judgesAlike(before, made) ? made : { ...made, changedAt: clock.now() }
        refuseMissingRoles(bus, rule)
        transaction.put(RULES, key, rule)
        await keepRuleTimer(transaction, key, { before, after: rule, now: clock.now() })
        const counted = countedWith(stored, before, rule)
        refuseOverQuota(stored, counted, quotas)
        transaction.put(BUSES, busKey(bus), counted)
        const { tags = {} } = settings
        const tagCount = before === undefined ? Object.keys(tags).length : 0
        if (tagCount > quotas.tags) throw limitExceeded()
        if (tagCount > 0) transaction.put(RESOURCE_TAGS, rule.arn, tags)
        return rule
      })
    },
    describe: async (bus, name) => existingRule(state, bus, name),
    list: async (bus, { namePrefix = '', after, limit }) => {
      await existingBus(state, bus)
      const found = await state.list(RULES, {
        prefix: rulesOfBusPrefix(bus, namePrefix),
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      return pageOf(found, limit)
    },
    listByTarget: async (bus, targetArn, { after, limit }) => {
      await existingBus(state, bus)
      const rules = await state.list(RULES, {
        prefix: rulesOfBusPrefix(bus),
        limit: Number.MAX_SAFE_INTEGER,
        ...(after !== undefined && { after }),
      })
      const having = rules.filter(({ value }) => value.targets.some(({ arn }) => arn === targetArn))
      return pageOf(having, limit)
    },
    setState: async (bus, name, ruleState) => {
      const changedAt = clock.now()
      await change(bus, name, (rule) =>
        rule.state === ruleState ? rule : { ...rule, state: ruleState, changedAt },
      )
    },
    remove: async (bus, name, force) => {
      await state.transact(async (transaction) => {
        const stored = await existingBus(transaction, bus)
        const key = ruleKey(bus, name)
        const rule = await transaction.get(RULES, key)
        if (rule === undefined) return
        if (!force) refuseManaged(rule, FORCE_ADVICE)
        if (rule.targets.length > 0) {
          throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.")
        }
        transaction.delete(RULES, key)
        transaction.delete(RESOURCE_TAGS, rule.arn)
        await stopRuleTimer(transaction, key)
        transaction.put(BUSES, busKey(bus), countedWith(stored, rule, undefined))
      })
    },
    putTargets: async (bus, name, targets) => {
      await change(bus, name, (rule) => withTargets(bus, rule, { targets, max: quotas.targets }))
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
  kept: Pick<Rule, 'createdBy' | 'changedAt' | 'targets'>,
): Rule {
  const { name, eventPattern, scheduleExpression, description, roleArn } = settings
  return {
    name,
    busArn: busArn(bus),
    arn: ruleArn(bus, name),
    state: settings.state ?? 'ENABLED',
    ...(eventPattern !== undefined && { eventPattern }),
    ...(scheduleExpression !== undefined && { scheduleExpression }),
    ...(description !== undefined && { description }),
    ...(roleArn !== undefined && { roleArn }),
    createdBy: kept.createdBy,
    ...(kept.changedAt !== undefined && { changedAt: kept.changedAt }),
    targets: kept.targets,
  }
}

/** @throws AwsError LimitExceededException, and ValidationException for a role that is missing */
function withTargets(
  bus: BusAddress,
  rule: Rule,
  { targets, max }: { readonly targets: readonly Target[]; readonly max: number },
): Rule {
  const put = new Map(rule.targets.map((target) => [target.id, target]))
  for (const target of targets) put.set(target.id, target)
  if (put.size > max) throw limitExceeded()
  const edited = { ...rule, targets: [...put.values()] }
  refuseMissingRoles(bus, edited)
  return edited
}

/** Whether two versions of a rule take the same events. */
function judgesAlike(left: Rule | undefined, right: Rule): boolean {
  return left?.eventPattern === right.eventPattern && left?.state === right.state
}

/** @throws AwsError ValidationException where only a role lets the hub reach a target or its queue */
function refuseMissingRoles(bus: BusAddress, { targets, roleArn }: Rule): void {
  for (const target of targets) {
    const missing = missingRole(bus, withRoleOfRule(target, roleArn))
    if (missing === undefined) continue
    throw new AwsError(
      'ValidationException',
      missing === 'target'
        ? `RoleArn is required for target ${target.arn}.`
        : `Parameter DeadLetterConfig.Arn is not valid. Reason: only by a RoleArn of target ${target.id} or of its rule can the queue be in another account than ${bus.account}.`,
    )
  }
}

/** @throws AwsError LimitExceededException where a bus would have more than before, and too many */
function refuseOverQuota(
  before: StoredBus,
  after: ReturnType<typeof countedWith>,
  quotas: Quotas,
): void {
  const isOver = (count: 'ruleCount' | 'wildcardRuleCount', quota: number) =>
    after[count] > quota && after[count] > (before[count] ?? 0)
  const tooMany = isOver('ruleCount', quotas.rules)
  if (tooMany || isOver('wildcardRuleCount', quotas['wildcard-rules'])) throw limitExceeded()
}

/** The bus as it counts its rules once one has taken the place of another. */
function countedWith(bus: StoredBus, before: Rule | undefined, after: Rule | undefined) {
  const wildcards = (rule: Rule | undefined) =>
    Number(rule?.eventPattern !== undefined && parsePattern(rule.eventPattern).complexity > 0)
  return {
    ...bus,
    ruleCount: bus.ruleCount + Number(after !== undefined) - Number(before !== undefined),
    // The hub's own rules are not counted when they come.
    wildcardRuleCount: Math.max(
      0,
      (bus.wildcardRuleCount ?? 0) + wildcards(after) - wildcards(before),
    ),
  }
}

/** @throws AwsError ResourceNotFoundException for a rule that is not there, or its bus */
export async function existingRule(
  transaction: Pick<StateTransaction, 'get'>,
  bus: BusAddress,
  name: string,
): Promise<Rule> {
  const rule = await transaction.get(RULES, ruleKey(bus, name))
  if (rule !== undefined) return rule
  await existingBus(transaction, bus)
  throw new AwsError(
    'ResourceNotFoundException',
    `Rule ${name} does not exist on EventBus ${bus.name}.`,
  )
}

/** Of AWS's operations that have the parameter. */
const FORCE_ADVICE = " Set 'force' parameter to true to override."

/** @throws AwsError ManagedRuleException */
export function refuseManaged(rule: Rule, advice = ''): void {
  if (rule.managedBy === undefined) return
  throw new AwsError('ManagedRuleException', `${rule.name} is a managed rule.${advice}`)
}
