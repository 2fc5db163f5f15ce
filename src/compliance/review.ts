import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { listAll } from '#src/tenancy/documents.ts'
import { FINDINGS, findingById, findingPrefix } from './documents.ts'
import {
  EXCEPTIONS,
  REVIEWS,
  exceptionKey,
  exceptionsOf,
  exceptionsWithin,
  happeningTo,
  removeException,
} from './exception-documents.ts'
import { exceptedBy } from './excepted-by.ts'
import { isToReview, reviewFinding } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'

export interface ReviewPorts extends TakeInPorts {
  readonly state: State
  readonly clock: Clock
  readonly actions: Pick<Actions, 'perform'>
}

const ORGANISATIONS_PER_ROUND = 100
const FINDINGS_PER_TRANSACTION_MAX = 250

/** Ends the exceptions whose time has come, and tells of each. */
export async function endExceptions({ state, actions }: ReviewPorts, now: number): Promise<void> {
  const over = await listAll(state, EXCEPTIONS, ({ until }) => until <= now)
  for (const exception of over) {
    await actions.perform(undefined, async (step) => {
      const key = exceptionKey(exception)
      // It may have been deleted meanwhile.
      if ((await step.transaction.get(EXCEPTIONS, key)) === undefined) return
      step.tell('ComplianceExceptionExpireEvent', happeningTo(exception))
      await removeException(step, exception)
    })
  }
}

/**
 * Brings what fails to what exceptions there are: it is counted under them, and what one held back
 * that has ended, and none that there is does, is told.
 */
export async function reviewDue(ports: ReviewPorts): Promise<void> {
  const { state } = ports
  const reviews = await state.list(REVIEWS, { limit: ORGANISATIONS_PER_ROUND })
  for (const { key: organisationId, value: asked } of reviews) {
    await review(ports, organisationId)
    await state.transact(async (transaction) => {
      // Asked again meanwhile: what was looked at before that is to be looked at again.
      if ((await transaction.get(REVIEWS, organisationId)) === asked) {
        transaction.delete(REVIEWS, organisationId)
      }
    })
  }
}

async function review(ports: ReviewPorts, organisationId: string): Promise<void> {
  const prefix = findingPrefix(organisationId, 'FAILED')
  // Where they change meanwhile, all is looked at again.
  const exceptions = await exceptionsOf(ports.state, organisationId)
  const isExceptedNow = exceptedBy(exceptions, ports.clock.now())
  let after: string | undefined
  for (;;) {
    const page = await ports.state.list(FINDINGS, {
      prefix,
      limit: FINDINGS_PER_TRANSACTION_MAX,
      ...(after !== undefined && { after }),
    })
    const due = page.filter(({ value }) => isToReview(value, isExceptedNow))
    if (due.length > 0) {
      await ports.actions.perform(undefined, async (step) => {
        const within = await exceptionsWithin(step.transaction, ports.state, organisationId)
        const isExcepted = exceptedBy(within, step.now)
        for (const { value } of due) {
          const finding = await findingById(step.transaction, value.id)
          if (finding !== undefined) {
            await reviewFinding(step, ports.segments, { finding, isExcepted })
          }
        }
      })
    }
    if (page.length < FINDINGS_PER_TRANSACTION_MAX) return
    after = page.at(-1)?.key
    await nextTurn()
  }
}
