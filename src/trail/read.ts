import { gunzipSync } from 'node:zlib'

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

/** Several times what a flush gathers; what unpacks to more was not written by a hub. */
const UNPACKED_BYTES_MAX = 128 * 1024 * 1024

/**
 * The events of a day as JSON texts, object by object. Each object is checked against the manifest
 * that lists it. That the manifests are the hub's own and no object is gone, `verifyTrail` checks.
 */
export async function* readTrail(
  ports: ReadPorts,
  { organisationId, day, account, onProblem }: ReadOptions,
): AsyncGenerator<string> {
  const { store, location } = ports.settings.placeOf(organisationId)
  const damageOf = createCheck(ports, organisationId)
  const prefix = `events/day=${day}/${account === undefined ? '' : `account=${account}/`}`
  let readable = ''
  for await (const { key } of store.list(prefix)) {
    const name = parseObjectKey(key)
    if (name === undefined) {
      await onProblem({ kind: 'object-added', key, message: 'the trail has no such key' })
      continue
    }
    const events = `${name.account} ${name.position}`
    // In the order of keys, what is kept in both formats comes as NDJSON first.
    if (name.format === 'parquet' && events === readable) continue
    if (name.format === 'parquet') {
      throw new Error(`"${key}" is kept as Parquet only: read it where it is, "${location}"`)
    }
    readable = events
    const content = await contentOf(store, key)
    // Retention has deleted it since it was listed.
    if (content === 'missing') continue
    const damage = await damageOf({ key, ...name }, content)
    if (damage === 'not-yet') continue
    const text = damage ?? textOf(content as Uint8Array, { key, organisationId, ...name }, ports)
    if (typeof text === 'string') yield text
    else await onProblem({ kind: text.kind, key, message: text.message })
  }
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
  const listedBy = rememberingManifests(async (sequence): Promise<Listed> => {
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
  })

  return async (
    { key, sequence }: ObjectName & { readonly key: string },
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
  object: ObjectName & { readonly key: string; readonly organisationId: string },
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
