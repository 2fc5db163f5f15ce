import { readFileSync } from 'node:fs'

import type { EventNamespace } from '#src/model/event-namespace.ts'

/** Generated from the catalogue, in this namespace, and held to it by a test. */
const FILE = new URL('../../packages/emit/src/tenancy-events.ts', import.meta.url)
const PREFIX = 'stax'
/** Its first line speaks to those who work on the hub. */
const BANNER = /^\/\*.*\*\/\n+/

/** TypeScript types of all tenancy events in a hub's own namespace. */
export function catalogueTypes({ prefix }: EventNamespace): string {
  return readFileSync(FILE, 'utf8')
    .replace(BANNER, '')
    .replaceAll(
      new RegExp(`\\b${PREFIX}(?=Event(Version|ID|Time|Source|Type|Name): )`, 'g'),
      prefix,
    )
    .replaceAll(`EventSource: \`${PREFIX}.`, `EventSource: \`${prefix}.`)
}
