import { compactObject } from '#src/model/compact-json.ts'
import { membersOf } from '#src/model/json-text.ts'

/** What a replay sends is never archived again. */
const NOT_REPLAYED = '"replay-name":[{"exists":false}]'

/**
 * The pattern of an archive's managed rule.
 * @param eventPattern the archive's own, absent for all events
 */
export function archivePattern(eventPattern: string | undefined): string {
  if (eventPattern === undefined) return `{${NOT_REPLAYED}}`
  const compact = compactObject(eventPattern)
  // What is not JSON is told in the words that patterns are refused with.
  if (compact === undefined) return eventPattern
  // A pattern that asks for the name itself: the archiver takes no replayed event in any case.
  if (membersOf(compact).some(({ key }) => key === 'replay-name')) return compact
  return `${compact.slice(0, -1)}${compact === '{}' ? '' : ','}${NOT_REPLAYED}}`
}
