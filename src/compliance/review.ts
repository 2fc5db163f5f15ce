import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { listAll } from '#src/tenancy/documents.ts'
import { FINDINGS, findingById, findingPrefix } from './documents.ts'
import {
  EXCEPTIONS,
  REVIEWS,
  exceptionKey,
  exceptionsWithin,
  happeningTo,
  removeException,
} from './exception-documents.ts'
import { tellDue } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'

export interface ReviewPorts extends TakeInPorts {
  readonly state: State
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

/** Tells what fails, was held back by an exception that has ended, and by none that there is. */
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
  let after: string | undefined
  for (;;) {
    const page = await ports.state.list(FINDINGS, {
      prefix,
      limit: FINDINGS_PER_TRANSACTION_MAX,
      ...(after !== undefined && { after }),
    })
    const untold = page.filter(({ value }) => value.told !== 'FAILED')
    if (untold.length > 0) {
      await ports.actions.perform(undefined, async (step) => {
        const exceptions = await exceptionsWithin(step.transaction, ports.state, organisationId)
        for (const { value } of untold) {
          const finding = await findingById(step.transaction, value.id)
          if (finding !== undefined) await tellDue(step, ports.segments, { finding, exceptions })
        }
      })
    }
    if (page.length < FINDINGS_PER_TRANSACTION_MAX) return
    after = page.at(-1)?.key
  }
}
