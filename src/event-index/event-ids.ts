import type { RecordedEvent } from '#src/model/event.ts'
import { partnerSourcePrefix } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'

/** What an event is found by. */
export interface EventIds {
  /** The envelope's id, and of a tenancy event its publisher's. */
  of(event: RecordedEvent): readonly string[]
  has(event: RecordedEvent, id: string): boolean
}

/** Events of other sources are not parsed: most events are theirs. */
export function createEventIds(namespace: EventNamespace): EventIds {
  const sources = partnerSourcePrefix(namespace)
  const field = `${namespace.prefix}EventID`

  const publishersId = ({ id, source, json }: RecordedEvent): string | undefined => {
    if (!source.startsWith(sources)) return undefined
    const { detail } = JSON.parse(json) as { readonly detail?: Record<string, unknown> | null }
    const found = detail?.[field]
    return typeof found === 'string' && found !== id ? found : undefined
  }

  return {
    of: (event) => {
      const second = publishersId(event)
      return second === undefined ? [event.id] : [event.id, second]
    },
    has: (event, id) =>
      event.id === id ||
      // Before parsing: the end of the log may hold many others.
      (event.json.includes(id) && publishersId(event) === id),
  }
}
