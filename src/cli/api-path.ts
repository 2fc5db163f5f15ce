import { UsageFault } from './cli-faults.ts'
import { clipped } from './terminal-text.ts'

/** An empty part, and those that a URL takes for the folder itself and the one above. */
const NO_PART = /^(|\.|\.\.)$/
/** What the hub takes. */
const EVENT_ID_CHARACTERS_MAX = 256
const SHOWN_CHARACTERS_MAX = 64

/**
 * The path of the API at which the hub answers about a thing of that id, as people type it.
 * @param below such as `/trace`
 * @throws UsageFault where the text would lead elsewhere
 */
export function pathOf(things: string, id: string, below = ''): string {
  if (NO_PART.test(id)) throw new UsageFault(`"${id}" is not an id`)
  return `${things}/${encodeURIComponent(id)}${below}`
}

/**
 * The same of an event.
 * @throws UsageFault where the text cannot be an event's id
 */
export function eventPath(id: string, below = ''): string {
  // There the hub answers with the stream.
  if (NO_PART.test(id) || id === 'stream') {
    throw new UsageFault(`"${id}" is not the id of an event`)
  }
  if (id.length > EVENT_ID_CHARACTERS_MAX) {
    throw new UsageFault(
      `"${clipped(id, SHOWN_CHARACTERS_MAX)}" is not the id of an event: it has more than ${EVENT_ID_CHARACTERS_MAX} characters`,
    )
  }
  return pathOf('/events', id, below)
}
