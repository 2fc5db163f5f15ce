import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { LogConfig } from '#src/model/bus-log.ts'
import type { EventBus, Rule } from '#src/model/event-bus.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { collection } from '#src/ports/state.ts'

/** The default bus also counts the buses of its account and region, which is what makes a quota exact. */
export interface StoredBus extends EventBus {
  readonly busCount?: number
}

/** Keys and values of a resource's tags. */
export type Tags = Readonly<Record<string, string>>

export const BUSES = collection<StoredBus>('buses')
/** Of buses that have been told how to log, by the key of the bus. */
export const BUS_LOGS = collection<LogConfig>('bus-logs')
export const RULES = collection<Rule>('rules')
/** By the ARN of the resource. */
export const RESOURCE_TAGS = collection<Tags>('resource-tags')

/** A partner event source that is offered to an account. */
export interface PartnerSource extends BusAddress {
  readonly state: 'PENDING' | 'ACTIVE' | 'DELETED'
  readonly createdAt: number
  /** Epoch ms; counts while it is pending. */
  readonly pendingSince: number
}

/** By the partner's name; holds its account. */
export const PARTNERS = collection<AccountId>('partners')
/** By the key that the source's bus has, or would have. */
export const PARTNER_SOURCES = collection<PartnerSource>('partner-sources')
/** By region, name and account; holds the source's key. */
export const SOURCE_ACCOUNTS = collection<string>('partner-source-accounts')

/** No name of AWS's holds this character, so keys cannot run into each other. */
const SEPARATOR = '|'

export function busKey(bus: BusAddress): string {
  return [bus.account, bus.region, bus.name].join(SEPARATOR)
}

export function busesOfAccountPrefix(account: AccountId): string {
  return account + SEPARATOR
}

export function busesOfRegionPrefix(account: AccountId, region: Region, namePrefix = ''): string {
  return [account, region, namePrefix].join(SEPARATOR)
}

export function ruleKey(bus: BusAddress, rule: string): string {
  return [busKey(bus), rule].join(SEPARATOR)
}

export function rulesOfBusPrefix(bus: BusAddress, namePrefix = ''): string {
  return ruleKey(bus, namePrefix)
}

export function defaultBusKey(account: AccountId, region: Region): string {
  return busKey({ account, region, name: DEFAULT_BUS })
}

export function sourceAccountKey({ region, name, account }: BusAddress): string {
  return [region, name, account].join(SEPARATOR)
}

export function sourceAccountsPrefix(region: Region, namePrefix: string): string {
  return [region, namePrefix].join(SEPARATOR)
}

/** The name of the source that the key of one of its accounts holds. */
export function sourceNameOf(sourceAccount: string): string {
  return sourceAccount.split(SEPARATOR)[1] as string
}

/** The bus that a document's key names, be it the bus's own or one of its rules'. */
export function busArnOf(key: string): string {
  const [account = '', region = '', name = ''] = key.split(SEPARATOR)
  return busArn({ account, region, name })
}

/** The name of the rule that a rule's key ends with. */
export function ruleNameOf(key: string): string {
  return key.slice(key.lastIndexOf(SEPARATOR) + 1)
}
