import { RestError } from '#src/errors.ts'
import { eventTypeOf, faultOfFields } from '#src/model/catalogue/catalogue.ts'
import { epochMsOf } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { ORGANISATIONS, OUTBOX } from './documents.ts'
import { createMoments } from './moments.ts'
import type { TenancyEvent } from './tenancy-events.ts'

/** What an event says beside who did it and when. */
export interface Happening
  extends
    Pick<TenancyEvent, 'organisationId' | 'fields'>,
    Partial<
      Pick<
        TenancyEvent,
        'accessKeyId' | 'aws' | 'emitted' | 'userId' | 'publishedAt' | 'id' | 'version'
      >
    > {}

/** Who acts in the tenancy, as its events tell of it; a task acts for who started it. */
export type Initiator = Pick<Principal, 'userId' | 'accessKeyId' | 'traceContext'>

/** One try at an action: its transaction, its moment, and what it tells of itself. */
export interface Step {
  readonly transaction: StateTransaction
  readonly moment: Moment
  /** The moment in epoch ms. */
  readonly now: number
  /**
   * Says what happens, once it is known that the caller may do it and to what. From here on the
   * action is an event: SUCCESS when it is committed, FAILED when a conflict stops it. An action
   * that tells nothing changes nothing that anybody need know.
   * @throws Error where the catalogue does not allow the event: a mistake of the caller's code.
   */
  readonly tell: (name: string, happening: Happening) => void
}

/** Actions of the tenancy: no action without its event, no event without its action. */
export interface Actions {
  /**
   * Runs `body` in a transaction together with the events that it tells. When the state of things
   * forbids the action (a RestError of status 409), the events are written as FAILED instead, with
   * the error's code and message. `body` may run several times: it must have no other effects.
   */
  perform<R>(caller: Initiator | undefined, body: (step: Step) => Promise<R>): Promise<R>
}

export interface ActionPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
}

const CONFLICT = 409

export function createActions({ state, clock, ids }: ActionPorts): Actions {
  const moments = createMoments(state, clock)

  const emit = async (
    transaction: StateTransaction,
    caller: Initiator | undefined,
    { name, moment, ...happening }: Told,
    index: number,
  ) => {
    const organisation = await transaction.get(ORGANISATIONS, happening.organisationId)
    if (organisation === undefined) throw new Error('an event needs an organisation')
    const userId = happening.userId ?? caller?.userId
    const accessKeyId = happening.accessKeyId ?? caller?.accessKeyId
    const traceContext = caller?.traceContext
    const id = happening.id ?? ids.timeOrderedUuid(epochMsOf(moment))
    const event: TenancyEvent = {
      ...happening,
      id,
      envelopeId: ids.timeOrderedUuid(epochMsOf(moment)),
      name,
      customerId: organisation.customerId,
      publishedAt: happening.publishedAt ?? moment,
      ...(userId !== undefined && { userId }),
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(traceContext !== undefined && { traceContext }),
      fields: { status: 'SUCCESS', ...happening.fields },
    }
    transaction.put(OUTBOX, outboxKey(moment, index, id), event)
  }

  return {
    perform: async (caller, body) => {
      let told: Told[] = []
      try {
        return await state.transact(async (transaction) => {
          told = []
          const moment = await moments.next()
          const tell: Step['tell'] = (name, happening) => {
            checkTold(name, happening)
            told.push({ name, moment, ...happening })
          }
          const result = await body({ transaction, moment, now: epochMsOf(moment), tell })
          for (const [index, each] of told.entries()) await emit(transaction, caller, each, index)
          moments.keep(transaction)
          return result
        })
      } catch (error) {
        if (!(error instanceof RestError) || error.status !== CONFLICT) throw error
        const { code: errorCode, message } = error
        await state.transact(async (transaction) => {
          for (const [index, each] of told.entries()) {
            const fields = { ...each.fields, status: 'FAILED', errorCode, message }
            await emit(transaction, caller, { ...each, fields }, index)
          }
          moments.keep(transaction)
        })
        throw error
      }
    },
  }
}

/**
 * Does what may be refused for the same reason each time it is tried, such as a sync's: tells of it
 * once it is done, so that a refusal is no event.
 */
export async function toldOnceDone<R>(step: Step, body: (step: Step) => Promise<R>): Promise<R> {
  const told: Parameters<Step['tell']>[] = []
  const result = await body({ ...step, tell: (...each) => void told.push(each) })
  for (const each of told) step.tell(...each)
  return result
}

type Told = Happening & { readonly name: string; readonly moment: Moment }

/** Events leave in the order of their moments, and those of one moment as they were told. */
function outboxKey(moment: Moment, index: number, id: string): string {
  const [at, turn] = [String(moment), String(index)]
  return `${at.padStart(MOMENT_DIGITS, '0')}|${turn.padStart(INDEX_DIGITS, '0')}|${id}`
}

const MOMENT_DIGITS = 16
const INDEX_DIGITS = 6

function checkTold(name: string, { fields }: Happening): void {
  const type = eventTypeOf(name)
  if (type === undefined) throw new Error(`the catalogue has no event "${name}"`)
  const fault = faultOfFields(type, { status: 'SUCCESS', ...fields })
  if (fault !== undefined) throw new Error(`the event ${name} does not fit the catalogue: ${fault}`)
}
