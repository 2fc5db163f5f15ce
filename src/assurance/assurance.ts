import { setImmediate as nextTurn } from 'node:timers/promises'

import { keepBus, keepRule, removeBusesOf } from '#src/buses/managed-wiring.ts'
import type { ManagedRule } from '#src/buses/managed-wiring.ts'
import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import { partnerSource, trailName } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import type { Account, Organisation } from '#src/model/tenancy.ts'
import type { AccountWiring, ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Clock } from '#src/ports/clock.ts'
import { pause } from '#src/ports/patiently.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'

/**
 * The desired wiring of an organisation, kept by repeating it:
 *   every account has a default bus in every region of the organisation;
 *   a managed rule on it forwards AWS events to the security account's bus of that region;
 *   the logging account has the partner event bus of the tenancy's own events, and the bus on
 *   which the trail announces its objects.
 */
export interface Assurance extends AccountWiring {
  /** Repairs what drifted, now and then, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const FORWARDING_RULE = 'belfry-forward-aws-events'
const MANAGED_BY = 'assurance.belfry'
const FORWARDING_PATTERN = '{"source":[{"prefix":"aws."}]}'
const REPAIR_EVERY_MS = 5 * 60_000

export interface AssurancePorts {
  readonly state: State
  readonly accounts: ManagedAccounts
  readonly clock: Clock
  readonly namespace: EventNamespace
  readonly onFault: (error: unknown) => void
  /** Takes away what else an account has where it has no buses any more. */
  readonly onUnwired: (account: AccountId) => Promise<void>
}

interface Wiring {
  readonly organisation: Organisation
  readonly account: Account
  readonly security: Account | undefined
}

export function createAssurance(ports: AssurancePorts): Assurance {
  const { accounts } = ports

  const wireOrganisation: Assurance['wireOrganisation'] = async (organisation, onWired) => {
    const security = await accounts.foundationAccount(organisation.id, 'SECURITY')
    const all = await accounts.accountsOf(organisation.id)
    for (const [index, account] of all.entries()) {
      await wire(ports, { organisation, account, security })
      onWired?.(index + 1, all.length)
      await nextTurn()
    }
  }

  return {
    wireOrganisation,
    wireAccount: async (account) => {
      const organisation = await accounts.organisation(account.organisationId)
      if (organisation === undefined) return
      // The security account is where everyone's forwarding leads.
      if (account.accountRole === 'SECURITY') return wireOrganisation(organisation)
      const security = await accounts.foundationAccount(organisation.id, 'SECURITY')
      await wire(ports, { organisation, account, security })
    },
    unwireAccount: async (account) => {
      if (await accounts.isManaged(ports.state, account)) {
        throw new Error(`account ${account.awsAccountId} is managed: its wiring must stay`)
      }
      await removeBusesOf(ports.state, account.awsAccountId)
      await ports.onUnwired(account.awsAccountId)
    },
    run: async (signal) => {
      while (!signal.aborted) {
        for (const organisation of await accounts.organisations()) {
          await wireOrganisation(organisation).catch(ports.onFault)
        }
        await pause(REPAIR_EVERY_MS, signal)
      }
    },
  }
}

async function wire(ports: AssurancePorts, wiring: Wiring): Promise<void> {
  const { organisation, account, security } = wiring
  const { state, clock, namespace, accounts } = ports
  await state.transact(async (transaction) => {
    // It may have been closed since the list was read.
    if (!(await accounts.isManaged(transaction, account))) return
    for (const region of organisation.regions) await wireRegion(clock, transaction, wiring, region)
    if (account.accountRole !== 'LOGGING') return
    const name = partnerSource(namespace, account.awsAccountId)
    const region = organisation.installationRegion
    const bus = { account: account.awsAccountId, region, name }
    await keepBus(transaction, bus, { clock, eventSourceName: name })
    const trail = trailName(namespace, organisation.id)
    await keepBus(transaction, { ...bus, name: trail }, { clock })
  })
  const wired = security !== undefined && account.assuranceState === 'UPDATING'
  if (wired) await ports.accounts.markWired(account.id)
}

async function wireRegion(
  clock: Clock,
  transaction: StateTransaction,
  { account, security }: Wiring,
  region: Region,
): Promise<void> {
  const bus = { account: account.awsAccountId, region, name: DEFAULT_BUS }
  await keepBus(transaction, bus, { clock })
  if (security === undefined || security.id === account.id) return
  await keepRule(transaction, bus, forwardingRule(security, region))
}

function forwardingRule(security: Account, region: Region): ManagedRule {
  const arn = busArn({ account: security.awsAccountId, region, name: DEFAULT_BUS })
  return {
    name: FORWARDING_RULE,
    managedBy: MANAGED_BY,
    description: "Forwards AWS events to the security account's default event bus of this region",
    eventPattern: FORWARDING_PATTERN,
    targets: [{ id: 'security-account', arn }],
  }
}
