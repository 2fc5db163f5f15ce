import { randomUUID } from 'node:crypto'

import { EmitFault } from './emit-fault.ts'
import type { EventReference } from './emit-fault.ts'
import { TIMER_MS_MAX, checkedOptions } from './options.ts'
import type { EmitterOptions } from './options.ts'
import { createSendQueue, faultOf } from './send-queue.ts'
import { now, pause } from './surroundings.ts'
import type { TenancyEventFields } from './tenancy-events.ts'

/** Of an event in the catalogue. */
export type EventName = keyof TenancyEventFields

/** What is known of an event beside its own fields. */
export interface EmitOptions {
  /** A UUID of the publisher's own; sent again, the event is not taken twice. Absent: a new one. */
  readonly id?: string
  /** When it happened, at most a week ago; absent: now. */
  readonly time?: Date
  /** The user who did it. */
  readonly userId?: string
  /** Whose event it is, where that is not the emitter's organisation. */
  readonly organisationId?: string
  /** Where it happened; without a region, in that of the emitter. */
  readonly aws?: { readonly accountId: string; readonly region?: string }
  /** The version of the event's type, where it is newer than the hub's. */
  readonly eventVersion?: string
}

export interface Emitter {
  /**
   * Publishes an event. The promise may be left alone: a fault is told to `onFault` too.
   * @returns the event's id, once the hub has it durably
   * @throws EmitFault where it was not taken
   */
  emit<N extends EventName>(
    name: N,
    fields: TenancyEventFields[N],
    options?: EmitOptions,
  ): Promise<string>
  /** Sends what waits; resolves when everything emitted so far was taken or refused. */
  flush(): Promise<void>
  /**
   * Takes no more events and flushes; what still waits after `withinMs` (default: 10 seconds) is
   * refused.
   */
  close(withinMs?: number): Promise<void>
}

const CLOSE_WITHIN_MS = 10_000

/**
 * A publisher of tenancy events to a hub. They are sent in batches, in the order in which they
 * were emitted, and again with the same ids while the hub does not answer.
 * @throws TypeError where an option is wrong
 */
export function createEmitter(options: EmitterOptions): Emitter {
  const queue = createSendQueue(checkedOptions(options))
  let isClosed = false

  const publish = async (event: EventReference, about: object): Promise<string> => {
    if (isClosed) {
      throw faultOf(event, { code: 'emitter.closed', message: 'the emitter is closed' })
    }
    return queue.add({ ...event, text: textOf(event, about) })
  }

  return {
    emit: (name, fields, { id = randomUUID(), time = new Date(now()), ...about } = {}) => {
      const { organisationId } = options
      const emitted = publish({ name, id }, { organisationId, ...about, time, name, id, fields })
      emitted.catch((fault: unknown) => {
        if (fault instanceof EmitFault) tell(options, fault)
      })
      return emitted
    },
    flush: () => queue.flush(),
    close: async (withinMs = CLOSE_WITHIN_MS) => {
      isClosed = true
      const flushed = new AbortController()
      const flushing = queue.flush().finally(() => flushed.abort())
      await pause(Math.min(withinMs, TIMER_MS_MAX), flushed.signal)
      queue.abort()
      await flushing
    },
  }
}

/** A publisher's own mistake in `onFault` is not to end its program in the middle of a batch. */
function tell({ onFault }: EmitterOptions, fault: EmitFault): void {
  try {
    onFault?.(fault)
  } catch (error) {
    console.error('onFault of a belfry emitter threw:', error)
  }
}

function textOf(event: EventReference, about: object): string {
  try {
    return JSON.stringify(about)
  } catch (cause) {
    const message = `${event.name} cannot be written as JSON: ${(cause as Error).message}`
    throw faultOf(event, { code: 'event.not-json', message, cause })
  }
}
