import type { AccountId, Region } from './event.ts'

/** Something with a name of its own in an account and region. */
export interface NamedAddress {
  readonly account: AccountId
  readonly region: Region
  readonly name: string
}

/** What an event-bus ARN names. */
export type BusAddress = NamedAddress

export const DEFAULT_BUS = 'default'

/** EventBridge's own pattern for the ARN form of an event bus (EventBusNameOrArn). */
const BUS_ARN =
  /^arn:aws[\w-]*:events:([a-z]+-[a-z]+-[\w-]+):([0-9]{12}):event-bus\/([/.\-_A-Za-z0-9]+)$/

export function busArn(bus: BusAddress): string {
  return `arn:aws:events:${bus.region}:${bus.account}:event-bus/${bus.name}`
}

/** The bus that an ARN names, or undefined where the text is no event-bus ARN. */
export function parseBusArn(arn: string): BusAddress | undefined {
  const parts = BUS_ARN.exec(arn)
  if (parts === null) return undefined
  return { region: parts[1] as string, account: parts[2] as string, name: parts[3] as string }
}

const RULE_ARN =
  /^arn:aws[\w-]*:events:([a-z]+-[a-z]+-[\w-]+):([0-9]{12}):rule\/(?:([/.\-_A-Za-z0-9]+)\/)?([.\-_A-Za-z0-9]+)$/

/** The bus and the rule that an ARN names, or undefined where the text is no rule's ARN. */
export function parseRuleArn(
  arn: string,
): { readonly bus: BusAddress; readonly rule: string } | undefined {
  const parts = RULE_ARN.exec(arn)
  if (parts === null) return undefined
  const [, region = '', account = '', name = DEFAULT_BUS, rule = ''] = parts
  return { bus: { region, account, name }, rule }
}

/** Rules of the default bus leave the bus's name out of their ARN. */
export function ruleArn(bus: BusAddress, rule: string): string {
  const path = bus.name === DEFAULT_BUS ? rule : `${bus.name}/${rule}`
  return `arn:aws:events:${bus.region}:${bus.account}:rule/${path}`
}

/** The account that an ARN of a rule or of a schedule is of: on its behalf events are delivered. */
export function accountIn(arn: string): AccountId {
  return arn.split(':')[4] ?? ''
}

/** What a call makes in an account and region, and names there. */
export type NamedKind = 'archive' | 'replay'

const NAMED_ARN =
  /^arn:aws[\w-]*:events:([a-z]+-[a-z]+-[\w-]+):([0-9]{12}):(archive|replay)\/([.\-_A-Za-z0-9]+)$/

export function namedArn(kind: NamedKind, { region, account, name }: NamedAddress): string {
  return `arn:aws:events:${region}:${account}:${kind}/${name}`
}

/** What an ARN names, or undefined where the text is no ARN of that kind. */
export function parseNamedArn(kind: NamedKind, arn: string): NamedAddress | undefined {
  const [, region = '', account = '', found, name = ''] = NAMED_ARN.exec(arn) ?? []
  return found === kind ? { region, account, name } : undefined
}
