import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import { eventDocument } from './discovered-document.ts'
import type { EventKind } from './discovered-document.ts'
import { CONTENTS, SCHEMAS, SHAPES, contentKey, placeOf, schemaKey } from './documents.ts'
import type { Schema, SchemaAddress } from './documents.ts'
import { DISCOVERED_SCHEMAS_MAX, VERSIONS_MAX, countSchema, putSchema } from './schemas.ts'
import { cutBelow, merged } from './value-shape.ts'
import type { ValueShape } from './value-shape.ts'

export interface LearnPorts {
  readonly state: State
  readonly clock: Clock
  readonly observer: Pick<Observer, 'schemaDiscovered'>
}

/** AWS's size of a schema, in characters. */
export const CONTENT_MAX = 100_000
/** Levels below the event's that a document which is too large keeps: fewer until it is not. */
const LEVELS_KEPT_FIRST = 32

/**
 * Adds what was seen to what is known of a discovered schema, as a new version where that says
 * something new. The oldest version makes room where there is none.
 * @throws AwsError ForbiddenException where the registry has no room for one more schema
 */
export async function learn(
  { state, clock, observer }: LearnPorts,
  { address, kind, shape }: { address: SchemaAddress; kind: EventKind; shape: ValueShape },
): Promise<{ readonly shape: ValueShape; readonly schema?: Schema }> {
  const now = clock.now()
  const key = schemaKey(address)
  const learned = await state.transact(async (transaction) => {
    // Its discoverer was deleted, perhaps with the account, while the event waited.
    const { discoverers } = await placeOf(transaction, address)
    if (Object.keys(discoverers).length === 0) return { shape }
    const [known = {}, before] = [
      await transaction.get(SHAPES, key),
      await transaction.get(SCHEMAS, key),
    ]
    if (before !== undefined && merged(known, shape) === known) return { shape: known }
    const all = fitting(merged(known, shape), kind)
    const content = JSON.stringify(eventDocument(all, kind))
    transaction.put(SHAPES, key, all)
    if (before === undefined) await countSchema(transaction, address, DISCOVERED_SCHEMAS_MAX)
    else {
      const newest = contentKey(address, before.newestVersion)
      if ((await transaction.get(CONTENTS, newest)) === content) return { shape: all }
    }
    const [oldest, ...others] = before?.versions ?? []
    const full = before !== undefined && before.versions.length >= VERSIONS_MAX
    if (full && oldest !== undefined)
      transaction.delete(CONTENTS, contentKey(address, oldest.version))
    const description = `Discovered from events of ${kind.source}: ${kind.detailType}`
    const schema = before ?? {
      name: address.schema,
      description: description.slice(0, DESCRIPTION_MAX),
      tags: {},
      modifiedAt: now,
      versions: [],
      newestVersion: 0,
    }
    return {
      shape: all,
      schema: putSchema(transaction, address, {
        schema: full ? { ...schema, versions: others } : schema,
        type: 'OpenApi3',
        content,
        now,
      }),
    }
  })
  const { account, region } = address
  if (learned.schema !== undefined) {
    const { name, newestVersion } = learned.schema
    observer.schemaDiscovered({ account, region, schema: name, version: newestVersion })
  }
  return learned
}
const DESCRIPTION_MAX = 256

/** The shape, or as much of it as a schema has room for. */
function fitting(shape: ValueShape, kind: EventKind): ValueShape {
  let fit = shape
  for (let levels = LEVELS_KEPT_FIRST; levels > 0; levels -= 1) {
    if (JSON.stringify(eventDocument(fit, kind)).length <= CONTENT_MAX) return fit
    fit = cutBelow(shape, levels)
  }
  return fit
}
