import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { DeadLetter, Delivery } from '#src/model/delivery.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DeadLetterQuery, DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { IdParams, PageQuery, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export interface DeadLetterPorts {
  readonly queue: DeliveryQueue
  readonly accounts: ManagedAccounts
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
    event: Type.Unknown({ description: 'The event that was not delivered' }),
  },
  { $id: 'DeadLetter' },
)

const Filter = {
  ruleArn: Type.Optional(Type.String({ maxLength: 1_600 })),
  targetId: Type.Optional(Type.String({ maxLength: 64 })),
  eventId: Type.Optional(Type.String({ maxLength: 256 })),
}

/** Redriven in one transaction; more than these take several calls. */
const REDRIVE_MAX = 1_000

export function addDeadLetterRoutes(add: AddRoute, ports: DeadLetterPorts): void {
  const { queue, clock, onRedriven } = ports
  const tag = 'dead-letters'

  /** What the caller may see: rules of its organisation's accounts. */
  const scoped = async (caller: Principal, query: Omit<DeadLetterQuery, 'ruleArnPrefixes'>) => {
    if (caller.organisationId === undefined) return query
    const all = await ports.accounts.accountsEverOf(caller.organisationId)
    const accounts = all.filter(({ awsAccountId }) => reachesAccount(caller, awsAccountId))
    const organisation = await ports.accounts.organisation(caller.organisationId)
    const ruleArnPrefixes = accounts.flatMap(({ awsAccountId }) =>
      (organisation?.regions ?? []).map((region) => `arn:aws:events:${region}:${awsAccountId}:`),
    )
    return { ...query, ruleArnPrefixes }
  }

  add({
    method: 'GET',
    url: '/dead-letters',
    tag,
    summary: 'List deliveries that ended without success, oldest first',
    permission: 'deliveries:Read',
    query: Type.Object({ ...PageQuery, ...Filter }),
    answer: [200, pageSchema(DeadLetterSchema)],
    run: async (caller, { query }) => {
      const { nextToken: _, limit: __, ...filter } = query
      const { limit, after = '0' } = pageRequest(query)
      const asked = { ...filter, limit: limit + 1, afterId: Number(after) || 0 }
      const found = await queue.deadLetters(await scoped(caller, asked))
      const shown = found.slice(0, limit)
      const last = found.length > limit ? String(shown.at(-1)?.id) : undefined
      return page({ items: shown.map(wireDeadLetter), ...(last !== undefined && { last }) })
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
      const [found] = await selected([Number(params.id)], await scoped(caller, { limit: 1 }))
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
      { additionalProperties: false, minProperties: 1 },
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
      const found = await selected(ids, await scoped(caller, { ...filter, limit: REDRIVE_MAX + 1 }))
      const chosen = found.slice(0, REDRIVE_MAX).map(({ id }) => id)
      const redriven = await queue.redrive(chosen, clock.now())
      onRedriven(redriven)
      return { redriven: redriven.map(({ id }) => id), more: found.length > REDRIVE_MAX }
    },
  })

  async function selected(ids: readonly number[] | undefined, query: DeadLetterQuery) {
    if (ids === undefined) return queue.deadLetters(query)
    const whole = ids.filter((id) => Number.isSafeInteger(id))
    const each = whole.map((id) => queue.deadLetters({ ...query, afterId: id - 1, limit: 1 }))
    return (await Promise.all(each)).flat().filter(({ id }) => ids.includes(id))
  }
}

function wireDeadLetter({ error, exhausted, eventJson, ...letter }: DeadLetter) {
  return {
    ...letter,
    errorCode: error.code,
    errorMessage: error.message,
    ...(exhausted !== undefined && { exhaustedRetryCondition: exhausted }),
    event: eventJson === '' ? null : (JSON.parse(eventJson) as unknown),
  }
}
