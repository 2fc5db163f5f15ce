import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'

import type { Observer } from '#src/ports/observer.ts'

/** What compliance tells of itself. */
export function createComplianceMetrics(
  registers: Registry[],
): Pick<Observer, 'findingsGone' | 'resultsTaken'> {
  const results = new Counter({
    name: 'belfry_compliance_results_total',
    help: 'Results of compliance checks: changed or unchanged a finding, told (of those changed), unreadable, refused for want of room, or of a closed account; of changes of tags, unknown resources and undecided rules',
    labelNames: ['outcome'],
    registers,
  })
  const gone = new Counter({
    name: 'belfry_compliance_findings_gone_total',
    help: 'Findings that went untold: their account is closed, or they passed, are archived, or AWS has forgotten them, and nothing was heard of them for 90 days',
    labelNames: ['reason'],
    registers,
  })
  return {
    findingsGone: (counts) => {
      for (const [reason, count] of Object.entries(counts)) gone.inc({ reason }, count)
    },
    resultsTaken: (taken) => {
      for (const [outcome, count] of Object.entries(taken)) results.inc({ outcome }, count)
    },
  }
}
