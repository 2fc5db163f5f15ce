import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { allOf } from '#src/ports/object-store.contract.ts'
import { manifestKey, parseObjectKey } from './manifest.ts'
import { tenancyEvent, trailRig } from './trail.fixture.ts'
import type { TrailRig } from './trail.fixture.ts'

const FLUSHES = 6
const MEMBER = '444444444444'

/** One change of what is stored; each names the keys that a verification may blame for it. */
type Mutation =
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'change'; readonly at: number; readonly byte: number; readonly to: number }
  | { readonly kind: 'cut'; readonly at: number; readonly byte: number }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: string }
  | { readonly kind: 'copy'; readonly at: number; readonly to: string }

let rig: TrailRig
let stored: ReadonlyMap<string, Uint8Array>
let keys: readonly string[]

beforeAll(async () => {
  rig = await trailRig()
  for (let flush = 0; flush < FLUSHES; flush += 1) {
    await rig.log.record([
      tenancyEvent(`${flush} a`, { day: `2026-01-${10 + flush}` }),
      tenancyEvent(`${flush} b`, { day: `2026-01-${10 + flush}`, account: MEMBER }),
      tenancyEvent(`${flush} c`, { day: `2026-01-${11 + flush}` }),
    ])
    await rig.flush(flush === FLUSHES - 2 ? { retentionDays: 20 } : {})
  }
  // Days before the 12th are gone, and the chain says so.
  await restore(new Map(await contents()))
  stored = new Map(await contents())
  keys = [...stored.keys()]
})
afterAll(() => rig.remove())

async function contents(): Promise<readonly [string, Uint8Array][]> {
  const found = await allOf(rig.objects, '')
  return Promise.all(
    found.map(async ({ key }) => [key, (await rig.objects.get(key)) as Uint8Array] as const),
  ) as Promise<[string, Uint8Array][]>
}

async function restore(wanted: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const present = new Map(await contents())
  for (const key of present.keys()) if (!wanted.has(key)) await rig.objects.delete(key)
  for (const [key, content] of wanted) {
    if (!Buffer.from(present.get(key) ?? []).equals(content)) await rig.objects.put(key, content)
  }
}

/** What is stored after a mutation. */
function mutated(mutation: Mutation): ReadonlyMap<string, Uint8Array> {
  const key = keys[mutation.at % keys.length] as string
  const content = stored.get(key) as Uint8Array
  const after = new Map(stored)
  switch (mutation.kind) {
    case 'remove':
      after.delete(key)
      break
    case 'change':
      after.set(key, content.with(mutation.byte % content.length, mutation.to))
      break
    case 'cut':
      after.set(key, content.subarray(0, mutation.byte % content.length))
      break
    case 'swap': {
      const other = keys[mutation.other % keys.length] as string
      after.set(key, stored.get(other) as Uint8Array)
      after.set(other, content)
      break
    }
    case 'move':
      after.delete(key)
      after.set(mutation.to, content)
      break
    case 'copy':
      after.set(mutation.to, content)
      break
  }
  return after
}

function sameContents(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>) {
  const equal = ([key, content]: [string, Uint8Array]) =>
    Buffer.from(b.get(key) ?? [-1]).equals(content) && b.has(key)
  return a.size === b.size && [...a].every(equal)
}

describe('a trail', () => {
  it('that nobody touched is intact', async () => {
    const { found, ...counts } = await rig.verify()
    expect(found).toEqual([])
    expect(counts).toMatchObject({ problems: 0, expired: 5 })
    expect(counts.objects + counts.expired).toBe(FLUSHES * 3)
    expect(counts.manifests).toBe(FLUSHES + 1)
  })

  it('shows every single mutation, and which key it is about', async () => {
    const at = fc.nat()
    const invented = fc
      .constantFrom(
        `events/day=2026-01-12/account=${MEMBER}/000000000003-1.ndjson.gz`,
        `events/day=2026-01-01/account=${MEMBER}/000000000001-1.ndjson.gz`,
        `events/day=2026-02-01/account=${MEMBER}/000000000099-1.ndjson.gz`,
        'events/day=2026-01-12/readme.txt',
        'manifests/00000000/000000000099.json',
        'manifests/00000000/000000000008.json',
        'manifests/000000000003.json',
        'events/.hidden',
        'anything',
      )
      .filter((key) => !key.includes('/.'))
    const mutation: fc.Arbitrary<Mutation> = fc.oneof(
      fc.record({ kind: fc.constant('remove' as const), at }),
      fc.record({ kind: fc.constant('change' as const), at, byte: at, to: fc.nat(255) }),
      fc.record({ kind: fc.constant('cut' as const), at, byte: at }),
      fc.record({ kind: fc.constant('swap' as const), at, other: at }),
      fc.record({ kind: fc.constant('move' as const), at, to: invented }),
      fc.record({ kind: fc.constant('copy' as const), at, to: invented }),
    )
    await fc.assert(
      fc.asyncProperty(mutation, async (one) => {
        const after = mutated(one)
        const untouched = sameContents(stored, after)
        await restore(after)
        const { found, problems } = await rig.verify()
        await restore(stored)
        expect(problems).toBe(found.length)
        if (untouched) {
          expect(found).toEqual([])
          return
        }
        const touched = [...new Set([...stored.keys(), ...after.keys()])].filter(
          (key) =>
            !Buffer.from(stored.get(key) ?? []).equals(after.get(key) ?? new Uint8Array([0])),
        )
        const blamed = found.map(({ key }) => key)
        // What a manifest listed nobody can say once that is gone itself.
        const manifestOf = (key: string) => manifestKey(parseObjectKey(key)?.sequence ?? 0)
        const told = (key: string) => blamed.includes(key) || blamed.includes(manifestOf(key))
        expect(touched.filter((key) => !told(key))).toEqual([])
        expect(blamed.length).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })

  it('that lost its newest manifest and objects shows that against the hub’s record', async () => {
    const newest = `manifests/00000000/00000000000${FLUSHES + 1}.json`
    const objects = keys.filter((key) => key.includes(`/00000000000${FLUSHES + 1}-`))
    expect(objects).toHaveLength(3)
    await restore(new Map([...stored].filter(([key]) => key !== newest && !objects.includes(key))))
    const { found } = await rig.verify()
    await restore(stored)
    expect(found).toEqual([
      {
        kind: 'manifest-missing',
        key: newest,
        message:
          "it is gone, though the hub's own record says that it was written; what it listed cannot be checked",
      },
    ])
  })

  it('is not believed where a forged manifest says that retention has deleted more', async () => {
    const newest = `manifests/00000000/00000000000${FLUSHES + 1}.json`
    const lost = keys.find((key) => key.includes('/000000000004-')) as string
    const manifest = JSON.parse(Buffer.from(stored.get(newest) as Uint8Array).toString())
    const forged = new Map(stored)
    forged.set(
      newest,
      Buffer.from(JSON.stringify({ ...manifest, expired: { before: '2099-01-01' } })),
    )
    forged.delete(lost)
    await restore(forged)
    const { found, expired } = await rig.verify()
    // Retention, too, goes by the hub's record alone.
    await rig.flush({ retentionDays: 20 })
    const kept = (await contents()).map(([key]) => key)
    await restore(stored)
    expect(found.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual([
      `manifest-changed ${newest}`,
      `object-missing ${lost}`,
    ])
    expect(expired).toBe(5)
    expect(kept).toEqual([...forged.keys()])
  })

  it('that was put together anew from the first manifest shows that too', async () => {
    const other = await trailRig()
    for (let flush = 0; flush <= FLUSHES; flush += 1) {
      await other.log.record([tenancyEvent(`forged ${flush}`)])
      await other.flush()
    }
    const forged = new Map<string, Uint8Array>()
    for (const { key } of await allOf(other.objects, '')) {
      forged.set(key, (await other.objects.get(key)) as Uint8Array)
    }
    await other.remove()
    await restore(forged)
    const { found } = await rig.verify()
    await restore(stored)
    expect(found[0]).toMatchObject({ kind: 'manifest-changed' })
  })

  it('of another organisation is not taken for its own', async () => {
    const first = 'manifests/00000000/000000000001.json'
    const text = Buffer.from(stored.get(first) as Uint8Array).toString()
    const changed = new Map(stored).set(first, Buffer.from(text.replace('49a9bcb2', '00000000')))
    await restore(changed)
    const { found } = await rig.verify()
    await restore(stored)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ kind: 'manifest-changed', key: first })
    expect(found[0]?.message).toContain("in another's place")
  })
})
