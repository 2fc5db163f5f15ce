import { UsageFault } from './cli-faults.ts'
import { clipped } from './terminal-text.ts'

/** What a path of the API cannot name as an event. */
const NO_EVENT_ID = /^(|\.|\.\.|stream)$/
/** What the hub takes. */
const EVENT_ID_CHARACTERS_MAX = 256
const SHOWN_CHARACTERS_MAX = 64

/**
 * The path of the API at which the hub answers about an event.
 * @param below such as `/trace`
 * @throws UsageFault where the text cannot be an event's id
 */
export function eventPath(id: string, below = ''): string {
  if (NO_EVENT_ID.test(id)) throw new UsageFault(`"${id}" is not the id of an event`)
  if (id.length > EVENT_ID_CHARACTERS_MAX) {
    throw new UsageFault(
      `"${clipped(id, SHOWN_CHARACTERS_MAX)}" is not the id of an event: it has more than ${EVENT_ID_CHARACTERS_MAX} characters`,
    )
  }
  return `/events/${encodeURIComponent(id)}${below}`
}
