import { gunzipSync } from 'node:zlib'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import { parseMoment } from '#src/model/moment.ts'
import { eachOf } from '#src/ports/each-of.ts'
import { judgeManifest } from './chain-link.ts'
import { contentOf } from './content.ts'
import { rememberingManifests } from './manifest-memory.ts'
import { manifestKey, parseObjectKey, sha256Of } from './manifest.ts'
import type { ObjectName } from './manifest.ts'
import { sealedName } from './objects.ts'
import { reachOf } from './reach.ts'
import type { ReachPorts, TrailReach } from './reach.ts'
import type { Sealer } from './sealer.ts'
import type { TrailProblem } from './verify.ts'

export interface ReadPorts extends ReachPorts {
  readonly sealer: Sealer
  readonly namespace: EventNamespace
}

export interface ReadOptions {
  readonly organisationId: string
  /** `YYYY-MM-DD` */
  readonly day: string
  readonly account?: string
  /** Told of each object that is not what its manifest lists; none of its events is read. */
  readonly onProblem: (problem: TrailProblem) => Promise<void>
}

type Damage = Omit<TrailProblem, 'key'>

interface NamedObject extends ObjectName {
  readonly key: string
}

/** Several times what an object holds; what unpacks to more was not written by a hub. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024
const OBJECTS_AT_ONCE = 8

/**
 * The events of a day as JSON texts, a line each: flush by flush, and those of a flush, which stand
 * in an object for each account, in the order in which they happened. Holds one flush at a time and
 * the names of the day's objects. Each object is checked against the manifest that lists it. That
 * the manifests are the hub's own and no object is gone, `verifyTrail` checks.
 */
export async function* readTrail(
  ports: ReadPorts,
  { organisationId, day, account, onProblem }: ReadOptions,
): AsyncGenerator<string> {
  const { store, location } = ports.settings.placeOf(organisationId)
  const damageOf = createCheck(ports, organisationId)
  const prefix = `events/day=${day}/${account === undefined ? '' : `account=${account}/`}`
  const objects: NamedObject[] = []
  for await (const { key } of store.list(prefix)) {
    const name = parseObjectKey(key)
    if (name !== undefined) objects.push({ key, ...name })
    else await onProblem({ kind: 'object-added', key, message: 'the trail has no such key' })
  }

  const readOne = async (object: NamedObject): Promise<string | Damage | undefined> => {
    const content = await contentOf(store, object.key)
    // Retention has deleted it since it was listed.
    if (content === 'missing') return undefined
    const damage = await damageOf(object, content)
    if (damage === 'not-yet') return undefined
    if (damage === undefined && object.format === 'parquet') {
      throw new Error(`"${object.key}" is kept as Parquet only: read it where it is, "${location}"`)
    }
    return damage ?? textOf(content as Uint8Array, { organisationId, ...object }, ports)
  }
  for (const flush of flushesOf(objects)) {
    const texts = await eachOf(flush, { atOnce: OBJECTS_AT_ONCE }, readOne)
    const lines: string[] = []
    for (const [index, text] of texts.entries()) {
      if (text === undefined) continue
      if (typeof text === 'string') {
        for (const line of text.split('\n')) if (line !== '') lines.push(line)
      } else {
        const { kind, message } = text
        await onProblem({ kind, key: (flush[index] as NamedObject).key, message })
      }
    }
    if (lines.length > 0) yield inOrder(lines, ports.namespace)
  }
}

/** The objects by the flush that wrote them, the first one first; of two formats NDJSON. */
function flushesOf(objects: readonly NamedObject[]): readonly (readonly NamedObject[])[] {
  const eventsOf = ({ account, sequence, position }: ObjectName) =>
    `${account} ${sequence} ${position}`
  const asNdjson = objects.filter(({ format }) => format === 'ndjson')
  const known = new Set(asNdjson.map(eventsOf))
  const asParquetOnly = objects.filter((object) => !known.has(eventsOf(object)))
  const flushes = Map.groupBy([...asNdjson, ...asParquetOnly], ({ sequence }) => sequence)
  return [...flushes].toSorted(([a], [b]) => a - b).map(([, flush]) => flush)
}

function inOrder(lines: readonly string[], { prefix }: EventNamespace): string {
  const timed = lines.map((line) => {
    const { time, detail } = JSON.parse(line) as {
      readonly time: string
      readonly detail: Readonly<Record<string, unknown>>
    }
    // The envelope's time has seconds only.
    const exact = detail[`${prefix}EventTime`]
    return { line, at: parseMoment(typeof exact === 'string' ? exact : time) ?? 0 }
  })
  return timed
    .toSorted((a, b) => a.at - b.at)
    .map(({ line }) => `${line}\n`)
    .join('')
}

interface Listed {
  readonly damage?: Damage
  /** SHA-256 of objects by their keys. */
  readonly hashes?: ReadonlyMap<string, string>
}

/** What is wrong with an object; `not-yet` while its flush is not through. */
function createCheck(ports: ReadPorts, organisationId: string) {
  const { store } = ports.settings.placeOf(organisationId)
  let reach: TrailReach | undefined
  const listedBy = rememberingManifests(
    async (sequence): Promise<Listed> => {
      const { head } = reach ?? {}
      const link = {
        by: 'an object',
        ...(head?.sequence === sequence && { by: "the hub's own record", expected: head.sha256 }),
      }
      const bytes = await contentOf(store, manifestKey(sequence))
      const { manifest, problem } = judgeManifest(bytes, { sequence, organisationId, link })
      if (problem !== undefined) {
        const message = `it cannot be checked: of "${manifestKey(sequence)}", ${problem.message}`
        return { damage: { kind: problem.kind, message } }
      }
      return { hashes: new Map(manifest?.objects.map(({ key, sha256 }) => [key, sha256])) }
    },
    ({ hashes }) => hashes?.size ?? 0,
  )

  return async (
    { key, sequence }: NamedObject,
    content: Uint8Array | 'too-large',
  ): Promise<Damage | 'not-yet' | undefined> => {
    const isBeyond = ({ head }: TrailReach) => sequence > (head?.sequence ?? 0)
    // A plan is durable before its objects are, so that asking after seeing one is soon enough.
    if (reach === undefined || isBeyond(reach)) reach = await reachOf(ports, organisationId)
    if (isBeyond(reach) && sequence <= reach.newest) return 'not-yet'
    if (isBeyond(reach) || sequence === 0) {
      return { kind: 'object-added', message: 'no manifest lists it' }
    }
    const { damage, hashes } = await listedBy(sequence)
    if (damage !== undefined) return damage
    const sha256 = hashes?.get(key)
    if (sha256 === undefined) {
      return { kind: 'object-added', message: `manifest ${sequence} does not list it` }
    }
    if (content !== 'too-large' && sha256Of(content) === sha256) return undefined
    const message = `its content is not what manifest ${sequence} lists`
    return { kind: 'object-changed', message }
  }
}

/** The lines of an object, or why there are none although it is what its manifest lists. */
function textOf(
  content: Uint8Array,
  object: NamedObject & { readonly organisationId: string },
  { sealer }: ReadPorts,
): string | Damage {
  const plain = object.sealed
    ? sealer.open(sealedName(object.organisationId, object.key), content)
    : content
  if (plain === undefined) {
    return { kind: 'object-changed', message: "it was not sealed with this hub's master key" }
  }
  try {
    return gunzipSync(plain, { maxOutputLength: UNPACKED_BYTES_MAX }).toString()
  } catch (error) {
    const message = `it cannot be unpacked: ${(error as Error).message}`
    return { kind: 'object-changed', message }
  }
}
