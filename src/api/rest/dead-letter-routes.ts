import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { accountIn } from '#src/model/arn.ts'
import { parseExactly } from '#src/model/exact-json.ts'
import { reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { DeadLetter, Delivery } from '#src/model/delivery.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { DeadLetterQuery, DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { maySee } from '../visibility.ts'
import { addList, numbered } from './list-route.ts'
import { IdParams, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export interface DeadLetterPorts {
  readonly queue: DeliveryQueue
  readonly accounts: ManagedAccounts
  readonly directory: Directory
  readonly clock: Clock
  /** Told of deliveries that are pending again. */
  readonly onRedriven: (deliveries: readonly Delivery[]) => void
}

export const DeadLetterSchema = Type.Object(
  {
    id: Type.Integer(),
    eventId: Type.String(),
    ruleArn: Type.String(),
    targetId: Type.String(),
    targetArn: Type.String(),
    attempts: Type.Integer(),
    startedAt: Type.Integer({ description: 'Epoch milliseconds' }),
    diedAt: Type.Integer({ description: 'Epoch milliseconds' }),
    errorCode: Type.String(),
    errorMessage: Type.String(),
    exhaustedRetryCondition: Type.Optional(Type.String()),
    queueError: Type.Optional(
      Type.String({ description: "Why the target's dead-letter queue does not have it" }),
    ),
    nextSendAt: Type.Optional(
      Type.Integer({ description: 'When the queue is to get it, epoch milliseconds' }),
    ),
    event: Type.Unknown({ description: 'The event that was not delivered' }),
  },
  { $id: 'DeadLetter' },
)

const Filter = {
  ruleArn: Type.Optional(Type.String({ maxLength: 1_600 })),
  targetId: Type.Optional(Type.String({ maxLength: 64 })),
  eventId: Type.Optional(Type.String({ maxLength: 256 })),
}

const LETTER_ID = /^\d{1,15}$/
/** Redriven in one transaction; more than these take several calls. */
const REDRIVE_MAX = 1_000
/** An account that changed hands may have many that its new organisation does not see. */
const LETTERS_PER_READ = 200

export function addDeadLetterRoutes(add: AddRoute, ports: DeadLetterPorts): void {
  const { queue, clock, directory, onRedriven } = ports
  const tag = 'dead-letters'

  const isSeenBy = (caller: Principal, { ruleArn, startedAt }: DeadLetter, at = startedAt) =>
    maySee(directory, caller, { account: accountIn(ruleArn), at })

  /** What is delivered again must be the caller's account still. */
  const isRedrivenBy = async (caller: Principal, letter: DeadLetter) =>
    (await isSeenBy(caller, letter)) && (await isSeenBy(caller, letter, clock.now()))

  /** As many as the query asks for of those that the caller may see. */
  const select = async (
    caller: Principal,
    query: Omit<DeadLetterQuery, 'accounts'>,
    accept = isSeenBy,
  ): Promise<readonly DeadLetter[]> => {
    if (caller.organisationId === undefined) return queue.deadLetters(query)
    const ever = await ports.accounts.accountsEverOf(caller.organisationId)
    const accounts = ever.filter((account) => reachesAccount(caller, account))
    const limit = Math.max(query.limit, LETTERS_PER_READ)
    const accepted: DeadLetter[] = []
    for (let afterId = query.afterId ?? 0; ;) {
      const read = await queue.deadLetters({ ...query, accounts, limit, afterId })
      for (const letter of read) if (await accept(caller, letter)) accepted.push(letter)
      const last = read.at(-1)
      if (last === undefined || accepted.length >= query.limit) break
      afterId = last.id
    }
    return accepted.slice(0, query.limit)
  }

  addList(add, {
    url: '/dead-letters',
    tag,
    summary: 'List deliveries that ended without success, oldest first',
    permission: 'deliveries:Read',
    filter: Filter,
    item: DeadLetterSchema,
    list: async (caller, { limit, after, ...filter }) => {
      const afterId = numbered(after) ?? 0
      const found = await select(caller, { ...filter, limit: limit + 1, afterId })
      const shown = found.slice(0, limit)
      const last = found.length > limit ? String(shown.at(-1)?.id) : undefined
      return { items: shown.map(wireDeadLetter), ...(last !== undefined && { last }) }
    },
  })
  add({
    method: 'GET',
    url: '/dead-letters/:id',
    tag,
    summary: 'Show a dead letter with its event',
    permission: 'deliveries:Read',
    params: IdParams,
    answer: [200, ref(DeadLetterSchema)],
    run: async (caller, { params }) => {
      const ids = LETTER_ID.test(params.id) ? [Number(params.id)] : []
      const [found] = await select(caller, { ids, limit: 1 })
      if (found !== undefined) return wireDeadLetter(found)
      throw new RestError(404, 'dead-letter.not-found', `there is no dead letter "${params.id}"`)
    },
  })
  add({
    method: 'POST',
    url: '/dead-letters/redrive',
    tag,
    summary: `Deliver dead letters again: the given ids, or the first ${REDRIVE_MAX} that a filter selects`,
    permission: 'deliveries:Redrive',
    body: Type.Object(
      {
        ids: Type.Optional(Type.Array(Type.Integer(), { minItems: 1, maxItems: REDRIVE_MAX })),
        all: Type.Optional(Type.Boolean({ description: 'All that the filter selects' })),
        ...Filter,
      },
      { minProperties: 1 },
    ),
    answer: [
      200,
      Type.Object({
        redriven: Type.Array(Type.Integer()),
        more: Type.Boolean({ description: 'Others match: call again' }),
      }),
    ],
    run: async (caller, { body }) => {
      const { ids, all, ...filter } = body
      const filtered = all === true || Object.keys(filter).length > 0
      if ((ids !== undefined) === filtered) {
        throw new RestError(
          400,
          'redrive.unclear',
          'say which dead letters: their "ids", or a filter, or "all": true',
        )
      }
      const selection = ids === undefined ? filter : { ids }
      const query = { ...selection, limit: REDRIVE_MAX + 1 }
      const found = await select(caller, query, isRedrivenBy)
      const chosen = found.slice(0, REDRIVE_MAX).map(({ id }) => id)
      const redriven = await queue.redrive(chosen, clock.now())
      onRedriven(redriven)
      return { redriven: redriven.map(({ id }) => id), more: found.length > REDRIVE_MAX }
    },
  })
}

function wireDeadLetter({ error, exhausted, sendError, eventJson, ...letter }: DeadLetter) {
  return {
    ...letter,
    errorCode: error.code,
    errorMessage: error.message,
    ...(exhausted !== undefined && { exhaustedRetryCondition: exhausted }),
    ...(sendError !== undefined && { queueError: `${sendError.code}: ${sendError.message}` }),
    event: eventJson === '' ? null : parseExactly(eventJson),
  }
}
