import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect, vi } from 'vitest'

import type { CostImport, CostSourceFrom } from '#src/model/cost-import.ts'
import type { BucketReader } from '#src/ports/bucket-reader.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { createCosts } from './costs.ts'
import type { Costs } from './costs.ts'

/** Imports of an organisation over a real store, with a clock that stands until it is moved. */
export interface TestImports {
  readonly test: TestTenancy
  /** The parts that a hub would have that is started just then; they share what is stored. */
  readonly newCosts: (parts?: TestParts) => Costs
  /** Does something while imports are run. */
  readonly whileRunning: <R>(body: (costs: Costs) => Promise<R>, costs?: Costs) => Promise<R>
  /** Begins an import of what is in the organisation's folder, or elsewhere. */
  readonly begin: (
    costs: Costs,
    exportName: string,
    place: string | CostSourceFrom,
  ) => Promise<CostImport>
  readonly ended: (costs: Costs, id: string) => Promise<CostImport>
  /** Begins one and runs it to its end. */
  readonly imported: (
    exportName: string,
    place: string | CostSourceFrom,
    parts?: TestParts,
  ) => Promise<CostImport>
  /** Writes a file into the organisation's folder, and answers its name. */
  readonly file: (name: string, content: string | Uint8Array) => string
  /** The same of a bill of one row. */
  readonly bill: (name: string, month: string, cost: number) => string
  readonly close: () => Promise<void>
}

interface TestParts {
  readonly costs?: CostStore
  readonly buckets?: BucketReader
}

const HEADER =
  'BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName'

/** Of FOCUS, with one row. */
export function billText(month: string, cost: number): string {
  const row = `${cost},${cost},USD,${month}-01T00:00:00Z,${month}-02T00:00:00Z,Usage,1,EC2,AWS`
  return `${HEADER}\n${row}\n`
}

export async function createTestImports(): Promise<TestImports> {
  const test = await createTestTenancy()
  const { organisationId } = test
  const folder = mkdtempSync(join(tmpdir(), 'belfry-cost-imports-'))
  const bills = join(folder, 'bills')
  const faults: unknown[] = []
  const newCosts: TestImports['newCosts'] = (parts = {}) =>
    createCosts({
      ...{ ...test.store, ...parts },
      ...{ clock: { now: test.now }, ids, actions: test.tenancy.actions },
      ...{ dataFolder: folder, costFolder: bills },
      observer: { stageFaulted: (_stage, error) => faults.push(error) },
    })
  const whileRunning: TestImports['whileRunning'] = async (body, costs = newCosts()) => {
    const stopping = new AbortController()
    const running = costs.run(stopping.signal)
    try {
      return await body(costs)
    } finally {
      stopping.abort()
      await running
      expect(faults).toEqual([])
    }
  }
  const begin: TestImports['begin'] = ({ imports }, exportName, place) => {
    const from = typeof place === 'string' ? ({ kind: 'folder', path: place } as const) : place
    return imports.create(OPERATOR, { organisationId, exportName, from })
  }
  const ended: TestImports['ended'] = ({ imports }, id) =>
    vi.waitFor(
      async () => {
        const found = await imports.get(OPERATOR, id)
        expect(found.endedAt).toBeDefined()
        return found
      },
      { timeout: 60_000 },
    )
  const file: TestImports['file'] = (name, content) => {
    const path = join(bills, organisationId, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return name
  }
  return {
    test,
    newCosts,
    whileRunning,
    begin,
    ended,
    imported: (exportName, place, parts) =>
      whileRunning(
        async (costs) => ended(costs, (await begin(costs, exportName, place)).id),
        newCosts(parts),
      ),
    file,
    bill: (name, month, cost) => file(name, billText(month, cost)),
    close: async () => {
      await test.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
