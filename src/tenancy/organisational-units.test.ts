import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import type { OrganisationalUnit } from '#src/model/tenancy.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'
import { createOrganisationalUnits } from './organisational-units.ts'
import { createOrganisations } from './organisations.ts'
import { UNIT_DEPTH_MAX } from './unit-tree.ts'

const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }
const REGION = 'ap-southeast-2'

const folder = mkdtempSync(join(tmpdir(), 'belfry-units-'))
let store: Store

beforeAll(async () => {
  store = await openSqliteStore({ folder })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** By numbers, so that a command means something in any tree; beyond the last: the root. */
type Command =
  | { readonly kind: 'create'; readonly parent: number; readonly name: string }
  | { readonly kind: 'move'; readonly unit: number; readonly parent: number }
  | { readonly kind: 'rename'; readonly unit: number; readonly name: string }
  | { readonly kind: 'remove'; readonly unit: number }

const place = fc.nat({ max: 20 })
const name = fc.constantFrom('a', 'b', 'c', 'd')
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('create' as const), parent: place, name }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('move' as const), unit: place, parent: place }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), unit: place, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), unit: place }) },
)

let serial = 0
async function newTree() {
  const nothing = async () => undefined
  const wiring = { wireAccount: nothing, wireOrganisation: nothing, unwireAccount: nothing }
  const given = { state: store.state, clock, ids }
  const ports = { ...given, wiring, actions: createActions(given) }
  const { id: organisationId } = await createOrganisations(ports).create(OPERATOR, {
    ...{ name: 'Test', alias: `tree-${(serial += 1)}` },
    ...{ installationRegion: REGION, regions: [REGION] },
  })
  const units = createOrganisationalUnits(ports)
  const all = () => units.kept.of(organisationId)
  const run = async (given_: Command) => {
    const now = await all()
    const at = (number: number) => now[number]?.id
    const parentId = 'parent' in given_ ? at(given_.parent) : undefined
    const id = 'unit' in given_ ? at(given_.unit) : undefined
    switch (given_.kind) {
      case 'create':
        await units.create(OPERATOR, { organisationId, name: given_.name, parentId })
        return
      case 'move':
        if (id !== undefined) await units.update(OPERATOR, id, { parentId: parentId ?? null })
        return
      case 'rename':
        if (id !== undefined) await units.update(OPERATOR, id, { name: given_.name })
        return
      case 'remove':
        if (id !== undefined) await units.remove(OPERATOR, id)
    }
  }
  return { all, run }
}

/** Refusals are answers like others; what counts is the tree that is left. */
async function unlessRefused(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof RestError)) throw error
  })
}

/** Follows each unit up to the root, which a cycle or a lost parent would never reach. */
function checkTree(units: readonly OrganisationalUnit[]): void {
  const byId = new Map(units.map((unit) => [unit.id, unit]))
  for (const unit of units) {
    let depth = 1
    for (let at = unit; at.parentId !== undefined; depth += 1) {
      expect(depth).toBeLessThanOrEqual(UNIT_DEPTH_MAX)
      const parent = byId.get(at.parentId)
      if (parent === undefined) throw new Error(`the parent of "${at.name}" is gone`)
      at = parent
    }
    expect(depth).toBeLessThanOrEqual(UNIT_DEPTH_MAX)
  }
  const places = units.map(({ parentId, name: called }) => `${parentId} ${called}`)
  expect(new Set(places).size).toBe(places.length)
}

describe('organisational units', () => {
  it('stay a tree of five levels with no name twice, whatever is done one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 40 }), async (commands) => {
        const { all, run } = await newTree()
        for (const each of commands) {
          await unlessRefused(run(each))
          checkTree(await all())
        }
      }),
      { numRuns: 30 },
    )
  })

  it('and whatever is done at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), async (commands) => {
        const { all, run } = await newTree()
        for (let at = 0; at < commands.length; at += 4) {
          await Promise.all(commands.slice(at, at + 4).map((each) => unlessRefused(run(each))))
          checkTree(await all())
        }
      }),
      { numRuns: 30 },
    )
  })
})
