import { DEFAULT_BUS, busArn, ruleArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  BUSES,
  BUS_LOGS,
  RESOURCE_TAGS,
  RULES,
  busKey,
  busesOfAccountPrefix,
  ruleKey,
  rulesOfBusPrefix,
} from './documents.ts'
import { removeSourcesOf } from './partner-sources.ts'
import { stopRuleTimer } from './scheduled-rules.ts'

/** A rule that the hub keeps on a bus. */
export interface ManagedRule {
  readonly name: string
  readonly managedBy: string
  readonly description: string
  readonly eventPattern: string
  readonly targets: readonly Target[]
}

/** Makes the bus where it is missing; one that exists is left as it is. */
export async function keepBus(
  transaction: StateTransaction,
  bus: BusAddress,
  { clock, eventSourceName }: { readonly clock: Clock; readonly eventSourceName?: string },
): Promise<void> {
  if ((await transaction.get(BUSES, busKey(bus))) !== undefined) return
  const now = clock.now()
  transaction.put(BUSES, busKey(bus), {
    ...bus,
    ...(eventSourceName !== undefined && { eventSourceName }),
    ...(bus.name === DEFAULT_BUS && { busCount: 1 }),
    ruleCount: 0,
    createdAt: now,
    modifiedAt: now,
  })
}

/** Takes away all buses, rules and event sources of an account in which nobody may act any more. */
export async function removeBusesOf(state: State, account: AccountId): Promise<void> {
  const limit = Number.MAX_SAFE_INTEGER
  for (const { key, value: bus } of await state.list(BUSES, {
    prefix: busesOfAccountPrefix(account),
    limit,
  })) {
    const rules = await state.list(RULES, { prefix: rulesOfBusPrefix(bus), limit })
    await state.transact(async (transaction) => {
      for (const { key: rule, value } of rules) {
        transaction.delete(RULES, rule)
        transaction.delete(RESOURCE_TAGS, value.arn)
        await stopRuleTimer(transaction, rule)
      }
      transaction.delete(BUSES, key)
      transaction.delete(BUS_LOGS, key)
      transaction.delete(RESOURCE_TAGS, busArn(bus))
    })
  }
  await removeSourcesOf(state, account)
}

/** Makes the managed rule of a bus what it should be; true when it was not. */
export async function keepRule(
  transaction: StateTransaction,
  bus: BusAddress,
  wanted: ManagedRule,
): Promise<boolean> {
  const key = ruleKey(bus, wanted.name)
  const rule = {
    ...wanted,
    busArn: busArn(bus),
    arn: ruleArn(bus, wanted.name),
    state: 'ENABLED' as const,
    createdBy: bus.account,
  }
  const before = await transaction.get(RULES, key)
  if (before !== undefined && sameDocument(before, rule)) return false
  if (before === undefined) {
    const stored = await transaction.get(BUSES, busKey(bus))
    if (stored === undefined) throw new Error(`no bus ${busArn(bus)} for its managed rule`)
    transaction.put(BUSES, busKey(bus), { ...stored, ruleCount: stored.ruleCount + 1 })
  }
  transaction.put(RULES, key, rule)
  return true
}

/** Takes a managed rule away; one that is not there is no error. */
export async function removeManagedRule(
  transaction: StateTransaction,
  bus: BusAddress,
  name: string,
): Promise<void> {
  const rule = await transaction.get(RULES, ruleKey(bus, name))
  const stored = await transaction.get(BUSES, busKey(bus))
  if (rule === undefined || stored === undefined) return
  transaction.delete(RULES, ruleKey(bus, name))
  transaction.put(BUSES, busKey(bus), { ...stored, ruleCount: stored.ruleCount - 1 })
}

function sameDocument(left: object, right: object): boolean {
  const sorted = (document: object) =>
    JSON.stringify(Object.entries(document).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return sorted(left) === sorted(right)
}
