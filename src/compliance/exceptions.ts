import { RestError } from '#src/errors.ts'
import type { ComplianceException, ExceptionScope } from '#src/model/compliance-exception.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { listAccepted } from '#src/tenancy/documents.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import {
  EXCEPTIONS,
  EXCEPTION_IDS,
  addException,
  happeningTo,
  removeException,
} from './exception-documents.ts'

export interface NewException {
  readonly organisationId?: string | undefined
  readonly scope: ExceptionScope
  readonly reason: string
  /** Epoch ms. */
  readonly until: number
}

/** Failures that somebody has decided not to hear of until a time. */
export interface Exceptions {
  create(caller: Principal, given: NewException): Promise<ComplianceException>
  get(caller: Principal, id: string): Promise<ComplianceException>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<ComplianceException>>
  /** Ends one before its time: what it held back and still fails is told. */
  remove(caller: Principal, id: string): Promise<void>
}

export interface ExceptionPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly actions: Actions
}

/** Two years: what is right for longer is no exception. */
export const EXCEPTION_MS_MAX = 2 * 366 * 24 * 60 * 60_000

export function createExceptions({ state, clock, ids, actions }: ExceptionPorts): Exceptions {
  return {
    create: async (caller, given) => {
      checkUntil(given.until, clock.now())
      return actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const { id: organisationId } = await organisationOf(
          transaction,
          caller,
          given.organisationId ?? caller.organisationId ?? '',
        )
        const { scope, reason, until } = given
        const made = { id: ids.timeOrderedUuid(now), organisationId, scope, reason, until }
        const exception = { ...made, createdBy: caller.arn, createdAt: now }
        tell('ComplianceExceptionCreateEvent', happeningTo(exception))
        await addException(step, exception)
        return exception
      })
    },
    get: (caller, id) => found(state, caller, id),
    list: (caller, { organisationId, ...page }) =>
      listAccepted(state, EXCEPTIONS, {
        ...page,
        accept: (exception) =>
          reaches(caller, exception.organisationId) &&
          (organisationId ?? exception.organisationId) === exception.organisationId,
      }),
    remove: (caller, id) =>
      actions.perform(caller, async (step) => {
        const exception = await found(step.transaction, caller, id)
        step.tell('ComplianceExceptionDeleteEvent', happeningTo(exception))
        await removeException(step, exception)
      }),
  }
}

function checkUntil(until: number, now: number): void {
  if (until > now && until <= now + EXCEPTION_MS_MAX) return
  throw new RestError(
    400,
    'compliance-exception.bad-end',
    'an exception ends in the future, and within two years',
  )
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<ComplianceException> {
  const key = await from.get(EXCEPTION_IDS, id)
  const exception = key === undefined ? undefined : await from.get(EXCEPTIONS, key)
  if (exception !== undefined && reaches(caller, exception.organisationId)) return exception
  throw new RestError(404, 'compliance-exception.not-found', `there is no exception "${id}"`)
}
