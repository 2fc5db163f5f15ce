import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { createScheduleGroups } from '#src/scheduler/groups.ts'
import { createSchedules } from '#src/scheduler/schedules.ts'
import type { RestService } from '../aws-rest/rest-json.ts'
import { groupOperations } from './group-operations.ts'
import { scheduleOperations } from './schedule-operations.ts'
import type { TargetChecks } from './schedule-operations.ts'

export interface SchedulerPorts extends TargetChecks {
  readonly state: State
  readonly clock: Clock
}

/** Amazon EventBridge Scheduler. */
export function createScheduler({ state, clock, ...checks }: SchedulerPorts): RestService {
  return {
    signingName: 'scheduler',
    operations: {
      ...scheduleOperations(createSchedules(state, clock), checks),
      ...groupOperations(createScheduleGroups(state, clock)),
    },
    errors: {
      InvalidTokenException: ['ValidationException', 400],
      InternalException: ['InternalServerException', 500],
    },
  }
}
