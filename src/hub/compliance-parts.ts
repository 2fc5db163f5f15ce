import type { Config } from '#src/config/config.ts'
import { createBundles } from '#src/compliance/bundles.ts'
import type { Bundles } from '#src/compliance/bundles.ts'
import { createClosedAccounts } from '#src/compliance/closed-accounts.ts'
import { createCounting } from '#src/compliance/counting.ts'
import { createEnabledRules } from '#src/compliance/enabled-rules.ts'
import type { EnabledRules } from '#src/compliance/enabled-rules.ts'
import { createExceptions } from '#src/compliance/exceptions.ts'
import type { Exceptions } from '#src/compliance/exceptions.ts'
import { createFindings } from '#src/compliance/findings.ts'
import type { Findings } from '#src/compliance/findings.ts'
import { createImports } from '#src/compliance/imports.ts'
import type { Imports } from '#src/compliance/imports.ts'
import { createScores } from '#src/compliance/scores.ts'
import type { Scores } from '#src/compliance/scores.ts'
import { createOwnChecks } from '#src/compliance/own-checks.ts'
import { keepTime } from '#src/compliance/keep-time.ts'
import type { KeepTimePorts } from '#src/compliance/keep-time.ts'
import { readFindings } from '#src/compliance/reader.ts'
import type { FindingsReaderPorts } from '#src/compliance/reader.ts'
import { createTagPolicyImports } from '#src/compliance/tag-policies.ts'
import type { TagPolicyImports } from '#src/compliance/tag-policies.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { ResourceSegments } from '#src/ports/resource-segments.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'

export interface CompliancePorts extends Omit<
  FindingsReaderPorts,
  'actions' | 'closedAccounts' | 'observer' | 'ownChecks' | 'segments' | 'settlingMs' | 'state'
> {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
  readonly config: Pick<Config, 'ruleSettlingSeconds'>
  readonly segments: ResourceSegments
  readonly observer: FindingsReaderPorts['observer'] & KeepTimePorts['observer']
}

/** Compliance as the hub runs it, and as its API shows it. */
export interface ComplianceParts {
  readonly findings: Findings
  readonly exceptions: Exceptions
  readonly bundles: Bundles
  readonly rules: EnabledRules
  readonly scores: Scores
  readonly imports: Imports
  readonly tagPolicies: TagPolicyImports
  /** Takes in what is found, and tells of it, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const MS_PER_SECOND = 1_000

export function createComplianceParts(given: CompliancePorts): ComplianceParts {
  const { config } = given
  const ownChecks = createOwnChecks(given.state)
  const ports = {
    ...given,
    ownChecks,
    counting: createCounting(given.state),
    closedAccounts: createClosedAccounts(given.state),
    settlingMs: config.ruleSettlingSeconds * MS_PER_SECOND,
  }
  const bundles = createBundles(given)
  return {
    findings: createFindings(ports),
    exceptions: createExceptions(given),
    bundles,
    rules: createEnabledRules(ports),
    scores: createScores(ports),
    imports: createImports(ports),
    tagPolicies: createTagPolicyImports({ state: given.state, bundles }),
    run: async (signal) => {
      const onFault = (error: unknown) => given.observer.stageFaulted('findings', error)
      await ports.counting.run(onFault, signal)
      await Promise.all([readFindings(ports, signal), keepTime(ports, signal)])
    },
  }
}
