import type { Alternative } from '../compile.ts'
import type { ReadEvent } from './read-event.ts'
import { quoted } from './shortened.ts'

/** Paths of the pattern, and objects of the event, that are looked at. */
const PATHS_MAX = 256
const OBJECTS_MAX = 50

/** Slips of the event as a whole: it is not what a rule would get. */
export function eventHints(
  alternatives: readonly Alternative[],
  event: ReadEvent,
): readonly string[] {
  const { values, containers } = event
  if (values.has('source') || values.has('detail-type')) return []
  if (values.has('Source') && values.has('DetailType')) {
    return [
      'this is an entry of PutEvents: a rule gets its Source, DetailType and Detail as source, detail-type and the object detail',
    ]
  }
  const paths = pathsOf(alternatives)
  if (paths.some((path) => values.has(path) || containers.has(path))) return []
  const wrapper = [...containers]
    .filter(([path, kind]) => kind === 'object' && path !== 'detail' && !path.includes('.'))
    .slice(0, OBJECTS_MAX)
    .find(([outer]) => {
      const isThere = paths.filter((path) => values.has(`${outer}.${path}`))
      return isThere.length * 2 > paths.length
    })
  return wrapper === undefined
    ? []
    : [`the event is inside ${quoted(wrapper[0])}: give that object by itself`]
}

function pathsOf(alternatives: readonly Alternative[]): readonly string[] {
  const paths = new Set<string>()
  for (const alternative of alternatives) {
    for (const { path } of alternative) {
      if (paths.size === PATHS_MAX) return [...paths]
      paths.add(path)
    }
  }
  return [...paths]
}
