import { eachOf } from '#src/ports/each-of.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import { judgeManifest } from './chain-link.ts'
import type { Link } from './chain-link.ts'
import { contentOf } from './content.ts'
import { TRAIL_HEADS, headKey } from './documents.ts'
import { manifestKey, parseObjectKey, sha256Of } from './manifest.ts'
import type { Manifest, ManifestObject } from './manifest.ts'
import { reachOf } from './reach.ts'
import type { ReachPorts } from './reach.ts'
import { isExpired } from './retention.ts'
import { unlisted } from './unlisted.ts'

export interface TrailProblem {
  readonly kind:
    | 'manifest-missing'
    | 'manifest-changed'
    | 'manifest-added'
    | 'object-missing'
    | 'object-changed'
    | 'object-added'
  readonly key: string
  readonly message: string
}

/** What a verification has found, so far or in the end. */
export interface TrailCounts {
  readonly manifests: number
  readonly objects: number
  /** Events in the objects that are there; one that is kept in two formats counts in both. */
  readonly events: number
  /** Objects that are gone because retention deleted them, as the hub's own record says. */
  readonly expired: number
  readonly problems: number
}

export interface VerifyOptions {
  readonly organisationId: string
  /** Ends the walk early; what was found until then is answered. */
  readonly signal: AbortSignal
  readonly onProblem: (problem: TrailProblem) => Promise<void>
  /** Told after each manifest; `of` is how many there are. */
  readonly onProgress: (counts: TrailCounts, of: number) => Promise<void>
}

/** Each may be as large as the store reads at all, where somebody has put another in its place. */
const MANIFESTS_READ_AHEAD = 8
const OBJECTS_AT_ONCE = 8

/**
 * Walks an organisation's chain from the head, which the hub's own store remembers, to the first
 * manifest, and checks every object on the way; then looks for what no manifest lists. A manifest
 * is checked against the hash that the one after it holds, so whatever was removed, changed, added
 * or put in another's place is found. What retention deleted, the head says too: a manifest that
 * claims more is not believed. Holds a few manifests and objects at a time.
 */
export async function verifyTrail(ports: ReachPorts, options: VerifyOptions): Promise<TrailCounts> {
  const { state, settings } = ports
  const { organisationId, signal, onProgress } = options
  const { store } = settings.placeOf(organisationId)
  const headNow = () => state.get(TRAIL_HEADS, headKey(organisationId, settings.place))
  const head = await headNow()
  const top = head?.sequence ?? 0
  const counts = { manifests: 0, objects: 0, events: 0, expired: 0, problems: 0 }
  const tell = async (problem: TrailProblem) => {
    counts.problems += 1
    await options.onProblem(problem)
  }

  const checkObject = async ({ key, sha256, events }: ManifestObject, sequence: number) => {
    const name = { day: parseObjectKey(key)?.day ?? '', sequence }
    const found = isExpired(name, head?.retention) ? 'missing' : await hashOf(store, key)
    if (found === 'missing') {
      // Retention may have gone on since the walk began.
      if (isExpired(name, (await headNow())?.retention)) counts.expired += 1
      else {
        const message = `it is gone; manifest ${sequence} lists it`
        await tell({ kind: 'object-missing', key, message })
      }
      return
    }
    counts.objects += 1
    counts.events += events
    if (found === sha256) return
    const message = `its content is not what manifest ${sequence} lists`
    await tell({ kind: 'object-changed', key, message })
  }
  const checkObjects = async ({ objects, sequence }: Manifest) => {
    await eachOf(objects, { atOnce: OBJECTS_AT_ONCE }, (object) => checkObject(object, sequence))
  }

  let link: Link = {
    by: "the hub's own record",
    ...(head !== undefined && { expected: head.sha256 }),
  }
  for await (const { sequence, bytes } of manifestsDown(store, top)) {
    if (signal.aborted) return counts
    const judged = judgeManifest(bytes, { sequence, organisationId, link })
    link = judged.link
    counts.manifests += 1
    const { manifest, problem } = judged
    if (problem !== undefined) await tell({ ...problem, key: manifestKey(sequence) })
    if (manifest !== undefined) await checkObjects(manifest)
    await onProgress(counts, top)
  }
  const newest = async () => (await reachOf(ports, organisationId)).newest
  for await (const found of unlisted(store, { top, newest })) {
    if (signal.aborted) return counts
    await tell(found)
  }
  return counts
}

/** The manifests from the newest to the first, some of them read ahead. */
async function* manifestsDown(store: ObjectStore, top: number) {
  for (let next = top; next > 0; next -= MANIFESTS_READ_AHEAD) {
    const length = Math.min(next, MANIFESTS_READ_AHEAD)
    const sequences = Array.from({ length }, (_, index) => next - index)
    const read = sequences.map((sequence) => contentOf(store, manifestKey(sequence)))
    for (const [index, bytes] of (await Promise.all(read)).entries()) {
      yield { sequence: next - index, bytes }
    }
  }
}

async function hashOf(store: ObjectStore, key: string): Promise<string> {
  const content = await contentOf(store, key)
  return typeof content === 'string' ? content : sha256Of(content)
}
