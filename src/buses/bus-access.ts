import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS, busArn, parseBusArn, parseRuleArn, ruleArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Principal } from '#src/model/principal.ts'
import { verdictOn } from '#src/model/resource-policy.ts'
import type { Context, Policy } from '#src/model/resource-policy.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, RULES, busKey, ruleKey } from './documents.ts'
import type { Place } from './event-buses.ts'
import type { PolicyAction } from './policy-document.ts'

/** Who calls, and the account and region that the call acts in. */
export interface Caller extends Place {
  readonly principal: Principal
}

/** What is to be done to a bus, or to a rule of it. */
export interface BusRequest {
  readonly action: PolicyAction
  readonly rule?: string
  /** What conditions may ask about beside bus, rule and caller. */
  readonly context?: Context
}

/** An event that a rule sends on to another bus, or a schedule puts on one. */
export interface Forwarding {
  readonly to: BusAddress
  /** The bus of the rule, or the default bus of the schedule's account. */
  readonly from: BusAddress
  /** Of the rule or the schedule. */
  readonly ruleArn: string
  readonly roleArn?: string | undefined
  readonly source: string
  readonly detailType: string
}

/**
 * Who may do what with an event bus. In its own account everyone whose role allows it, unless the
 * bus's policy forbids it; from other accounts whomever the policy lets.
 */
export interface BusAccess {
  /**
   * The bus that a parameter EventBusName means to a caller who may do that with it.
   * @throws AwsError AccessDeniedException, which tells nothing of what there is in other
   * accounts; ValidationException for a bus of another region
   */
  busFor(caller: Caller, nameOrArn: string | undefined, request: BusRequest): Promise<BusAddress>
  /** @throws AwsError AccessDeniedException */
  authorize(caller: Caller, bus: BusAddress, request: BusRequest): Promise<void>
  /** Why a rule or a schedule may not send an event there, as things are now; undefined: it may. */
  forwardingRefusal(forwarding: Forwarding): Promise<string | undefined>
}

export interface BusAccessPorts {
  readonly state: State
  /** The AWS id of the organisation that has an account. */
  readonly awsOrganizationIdOf: (account: AccountId) => Promise<string | undefined>
}

/** Who does something: a caller, or a rule in a role or by itself. */
interface Actor {
  readonly account: AccountId
  readonly arn: string | undefined
}

export function createBusAccess({ state, awsOrganizationIdOf }: BusAccessPorts): BusAccess {
  const policyOf = rememberedPolicies(state)

  /** What follows the name of the actor in AWS's refusals. */
  const refusalOf = async (
    { account, arn }: Actor,
    bus: BusAddress,
    { action, rule, context = {} }: BusRequest,
  ): Promise<string | undefined> => {
    const policy = await policyOf(bus)
    const isOwn = account === bus.account
    if (isOwn && policy === undefined) return undefined
    const resources = rule === undefined ? [busArn(bus)] : ruleArns(bus, rule)
    const verdict =
      policy === undefined
        ? 'not-granted'
        : verdictOn(policy, {
            principal: { account, arns: arnsOf(arn) },
            action: `events:${action}`,
            resources,
            context: { ...(await knownOf(account, bus, rule)), ...context },
          })
    if (verdict === 'allowed' || (isOwn && verdict === 'not-granted')) return undefined
    const reason =
      verdict === 'denied'
        ? 'with an explicit deny in a resource-based policy'
        : `because no resource-based policy allows the events:${action} action`
    return `is not authorized to perform: events:${action} on resource: ${resources[0]} ${reason}`
  }

  const knownOf = async (
    account: AccountId,
    bus: BusAddress,
    ruleName: string | undefined,
  ): Promise<Context> => {
    const rule = ruleName === undefined ? undefined : await state.get(RULES, ruleKey(bus, ruleName))
    return {
      'aws:PrincipalOrgID': known(await awsOrganizationIdOf(account)),
      'events:EventBusName': [bus.name],
      'events:creatorAccount': known(rule?.createdBy),
      'events:ManagedBy': known(rule?.managedBy),
    }
  }

  const authorize: BusAccess['authorize'] = async ({ account, principal }, bus, request) => {
    const refusal = await refusalOf({ account, arn: principal.arn }, bus, request)
    if (refusal === undefined) return
    throw new AwsError('AccessDeniedException', `User: ${principal.arn} ${refusal}`)
  }

  return {
    authorize,
    busFor: async (caller, nameOrArn, request) => {
      const bus = addressOf(caller, nameOrArn)
      await authorize(caller, bus, request)
      return bus
    },
    forwardingRefusal: async ({ to, from, ruleArn: arn, roleArn, source, detailType }) => {
      const account = accountOfRole(roleArn) ?? from.account
      const context = {
        ...putContext(source, detailType, parseRuleArn(arn) !== undefined),
        'aws:SourceArn': [arn],
        'aws:SourceAccount': [from.account],
      }
      const actor = { account, arn: roleArn }
      const refusal = await refusalOf(actor, to, { action: 'PutEvents', context })
      return refusal && `${roleArn ?? `account ${account}`} ${refusal}`
    },
  }
}

/** What conditions may ask about an event that is put. */
export function putContext(
  source: string | undefined,
  detailType: string | undefined,
  byRule: boolean,
): Context {
  return {
    'events:source': known(source),
    'events:detail-type': known(detailType),
    'events:eventBusInvocation': [String(byRule)],
  }
}

function known(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value]
}

/**
 * The bus that a parameter EventBusName means to a caller, whether or not there is one.
 * @throws AwsError ValidationException for a bus of another region
 */
function addressOf(place: Place, nameOrArn: string = DEFAULT_BUS): BusAddress {
  const { account, region } = place
  if (!nameOrArn.startsWith('arn:')) return { account, region, name: nameOrArn }
  const address = parseBusArn(nameOrArn)
  if (address?.region === region) return address
  throw new AwsError('ValidationException', 'Cross-region API call is not allowed.')
}

/** The ways in which a policy may write a rule: for the default bus there are two. */
function ruleArns(bus: BusAddress, rule: string): readonly [string, ...string[]] {
  const own = ruleArn(bus, rule)
  return bus.name === DEFAULT_BUS ? [own, own.replace(/[^/]+$/, `${DEFAULT_BUS}/$&`)] : [own]
}

const SESSION = /^arn:(aws[\w-]*):sts::(\d{12}):assumed-role\/([^/]+)\//
const ROLE = /^arn:aws[\w-]*:iam::(\d{12}):role\//

/** A session is its role too. */
function arnsOf(arn: string | undefined): readonly string[] {
  if (arn === undefined) return []
  const [, partition, account, role] = SESSION.exec(arn) ?? []
  return role === undefined ? [arn] : [arn, `arn:${partition}:iam::${account}:role/${role}`]
}

/** PutTargets takes only a role of who put the target, so a role tells on whose behalf a rule acts. */
function accountOfRole(roleArn: string | undefined): AccountId | undefined {
  return roleArn === undefined ? undefined : ROLE.exec(roleArn)?.[1]
}

/** Dropped whole when full: they are read again as they are needed. */
const POLICIES_IN_MEMORY_MAX = 50_000

/** The policies of buses, each read when first asked for and again when its bus has changed. */
function rememberedPolicies(state: State): (bus: BusAddress) => Promise<Policy | undefined> {
  const held = new Map<string, Promise<Policy | undefined>>()
  state.watch((changes) => {
    for (const { collection, key } of changes) if (collection === BUSES.name) held.delete(key)
  })
  return (bus) => {
    const key = busKey(bus)
    const remembered = held.get(key)
    if (remembered !== undefined) return remembered
    const reading = state.get(BUSES, key).then((stored) => stored?.policy)
    if (held.size >= POLICIES_IN_MEMORY_MAX) held.clear()
    held.set(key, reading)
    reading.catch(() => held.delete(key))
    return reading
  }
}
