import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { CheckResult } from './check-result.ts'

/** What taking results in needs of a tenancy for tests, in which rules do not settle and nothing is in a segment. */
export const takeInPorts = ({ state, now, tenancy: { actions } }: TestTenancy) => ({
  state,
  clock: { now },
  actions,
  segments: { segmentsOf: async () => [] },
  settlingMs: 0,
  closedAccounts: { of: async () => new Set<string>() },
})

/** A rule of AWS Config that a resource passed, where nothing else is given. */
export const resultOf = (resourceId: string, given: Partial<CheckResult> = {}): CheckResult => ({
  ...{ checkedBy: 'config', ruleId: 'r', ruleName: 'R', severity: 'LOW', status: 'PASSED' },
  ...{ resourceId, tags: {}, frameworks: [], evaluatedAt: 0, sentAt: 0 },
  ...given,
})
