import { RestError } from '#src/errors.ts'
import type { ComplianceException } from '#src/model/compliance-exception.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Step } from '#src/tenancy/actions.ts'

/** By exceptionKey. */
export const EXCEPTIONS = collection<ComplianceException>('compliance-exceptions')
/** By the id; holds the key. */
export const EXCEPTION_IDS = collection<string>('compliance-exception-ids')
/**
 * By organisation: how many it has, and how often that changed, so that who reads it in a transaction
 * notices when they change meanwhile.
 */
const EXCEPTION_COUNTS = collection<{ readonly count: number; readonly changes: number }>(
  'compliance-exception-counts',
)
/** By organisation: exceptions came or went, so what fails is to be looked at; holds its changes. */
export const REVIEWS = collection<number>('compliance-reviews')

/** All of them are read for each finding that fails. */
export const EXCEPTIONS_PER_ORGANISATION_MAX = 500

const SEPARATOR = '|'

export function exceptionKey({
  organisationId,
  id,
}: Pick<ComplianceException, 'organisationId' | 'id'>): string {
  return `${organisationId}${SEPARATOR}${id}`
}

/** All that an organisation has. */
export async function exceptionsOf(
  state: Pick<State, 'list'>,
  organisationId: string,
): Promise<readonly ComplianceException[]> {
  const prefix = `${organisationId}${SEPARATOR}`
  const all = await state.list(EXCEPTIONS, { prefix, limit: EXCEPTIONS_PER_ORGANISATION_MAX })
  return all.map(({ value }) => value)
}

/** The same, so that the transaction is tried again where they change before it commits. */
export async function exceptionsWithin(
  transaction: StateTransaction,
  state: Pick<State, 'list'>,
  organisationId: string,
): Promise<readonly ComplianceException[]> {
  const counted = await transaction.get(EXCEPTION_COUNTS, organisationId)
  if (counted === undefined || counted.count === 0) return []
  return exceptionsOf(state, organisationId)
}

/**
 * Adds one, and has what fails already counted under it.
 * @throws RestError 409 where there is no room for another
 */
export async function addException(
  { transaction }: Step,
  exception: ComplianceException,
): Promise<void> {
  await count(transaction, exception.organisationId, 1)
  transaction.put(EXCEPTIONS, exceptionKey(exception), exception)
  transaction.put(EXCEPTION_IDS, exception.id, exceptionKey(exception))
}

/** Takes one away, and has what it held back looked at. */
export async function removeException(
  { transaction }: Step,
  exception: ComplianceException,
): Promise<void> {
  await count(transaction, exception.organisationId, -1)
  transaction.delete(EXCEPTIONS, exceptionKey(exception))
  transaction.delete(EXCEPTION_IDS, exception.id)
}

/** Has what fails brought to what exceptions there are. */
export async function askForReview(
  transaction: StateTransaction,
  organisationId: string,
): Promise<void> {
  const { changes } = (await transaction.get(EXCEPTION_COUNTS, organisationId)) ?? { changes: 0 }
  transaction.put(REVIEWS, organisationId, changes)
}

/** What an event tells of one. */
export function happeningTo({ id, organisationId, scope, reason, until }: ComplianceException) {
  const fields = { exceptionId: id, scope, reason, until: new Date(until).toISOString() }
  return { organisationId, fields }
}

async function count(
  transaction: StateTransaction,
  organisationId: string,
  change: 1 | -1,
): Promise<void> {
  const before = (await transaction.get(EXCEPTION_COUNTS, organisationId)) ?? {
    count: 0,
    changes: 0,
  }
  const after = { count: before.count + change, changes: before.changes + 1 }
  if (after.count > EXCEPTIONS_PER_ORGANISATION_MAX) {
    throw new RestError(
      409,
      'compliance-exception.too-many',
      `the organisation has ${EXCEPTIONS_PER_ORGANISATION_MAX} exceptions already: delete one, or widen one`,
    )
  }
  transaction.put(EXCEPTION_COUNTS, organisationId, after)
  transaction.put(REVIEWS, organisationId, after.changes)
}
