import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'

import type { Observer } from '#src/ports/observer.ts'

/** What compliance tells of itself. */
export function createComplianceMetrics(registers: Registry[]): Pick<Observer, 'resultsTaken'> {
  const results = new Counter({
    name: 'belfry_compliance_results_total',
    help: 'Results of compliance checks: changed or unchanged a finding, told (of those changed), or unreadable; of changes of tags, unknown resources and undecided rules',
    labelNames: ['outcome'],
    registers,
  })
  return {
    resultsTaken: (taken) => {
      for (const [outcome, count] of Object.entries(taken)) results.inc({ outcome }, count)
    },
  }
}
