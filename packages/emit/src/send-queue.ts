import { EmitFault } from './emit-fault.ts'
import type { EventReference } from './emit-fault.ts'
import type { CheckedOptions } from './options.ts'
import { postBatch } from './post-batch.ts'
import type { Outcome, Refusal } from './post-batch.ts'
import { pause } from './surroundings.ts'

/** An event as it goes over the wire. */
export interface Outgoing extends EventReference {
  readonly text: string
}

/** Events on their way to the hub: in order, in batches, one batch at a time. */
export interface SendQueue {
  /**
   * @returns the event's id, once the hub has it durably
   * @throws EmitFault where it was not taken
   */
  add(event: Outgoing): Promise<string>
  /** Sends without waiting for fuller batches; resolves when all is settled that was added so far. */
  flush(): Promise<void>
  /** Ends what is under way: what waits is refused. */
  abort(): void
}

interface Waiting extends Outgoing {
  readonly settle: (outcome: Outcome) => void
}

/** At three bytes each below the 8 MB that a hub reads of a request. */
const BATCH_CHARACTERS_MAX = 2 * 1_024 * 1_024
const QUEUE_CHARACTERS_MAX = 64 * 1_024 * 1_024

export function createSendQueue(options: CheckedOptions): SendQueue {
  const closing = new AbortController()
  const hub = { ...options, closing: closing.signal }
  const queue: Waiting[] = []
  const unsettled = new Set<Promise<unknown>>()
  let unsettledCharacters = 0
  let isSending = false
  /** Aborted: a batch goes as it is. */
  let hurry = new AbortController()

  const send = async () => {
    isSending = true
    while (queue.length > 0) {
      if (queue.length < options.batchEventsMax) await pause(options.batchDelayMs, hurry.signal)
      const batch = queue.splice(0, batchLength(queue, options.batchEventsMax))
      const outcomes = await postBatch(
        hub,
        batch.map(({ text }) => text),
      )
      for (const [index, { settle }] of batch.entries()) settle(outcomes[index] as Outcome)
    }
    hurry = new AbortController()
    isSending = false
  }

  const refusalOf = ({ text }: Outgoing): Refusal | undefined => {
    if (unsettled.size >= options.queueEventsMax) {
      const message = `${unsettled.size} events wait for the hub already, and no more may: emit slower, or raise queueEventsMax`
      return { code: 'queue.full', message }
    }
    if (unsettledCharacters + text.length <= QUEUE_CHARACTERS_MAX) return undefined
    const message = `the event would make ${unsettledCharacters + text.length} characters wait for the hub, of at most ${QUEUE_CHARACTERS_MAX}: emit slower, or smaller events`
    return { code: 'queue.full', message }
  }

  const settled = (event: Outgoing) =>
    new Promise<string>((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        if ('eventId' in outcome) resolve(outcome.eventId)
        else reject(faultOf(event, outcome))
      }
      queue.push({ ...event, settle })
      if (!isSending) void send()
    })

  return {
    add: async (event) => {
      const refusal = refusalOf(event)
      if (refusal !== undefined) throw faultOf(event, refusal)
      const outcome = settled(event)
      unsettled.add(outcome)
      unsettledCharacters += event.text.length
      try {
        return await outcome
      } finally {
        unsettled.delete(outcome)
        unsettledCharacters -= event.text.length
      }
    },
    flush: async () => {
      if (isSending) hurry.abort()
      await Promise.allSettled(unsettled)
    },
    abort: () => {
      closing.abort()
      hurry.abort()
    },
  }
}

export function faultOf(event: EventReference, { code, message, cause }: Refusal): EmitFault {
  return new EmitFault(code, message, event, cause === undefined ? undefined : { cause })
}

/** How many of the events that wait go into the next request: one at least. */
function batchLength(queue: readonly Outgoing[], eventsMax: number): number {
  let characters = 0
  for (const [index, { text }] of queue.slice(0, eventsMax).entries()) {
    characters += text.length
    if (index > 0 && characters > BATCH_CHARACTERS_MAX) return index
  }
  return Math.min(queue.length, eventsMax)
}
