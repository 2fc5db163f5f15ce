import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { billText, createTestImports } from './imports.fixture.ts'
import type { TestImports } from './imports.fixture.ts'

let fixture: TestImports
let folders = 0

beforeAll(async () => {
  fixture = await createTestImports()
})
afterAll(() => fixture.close())

/** Imports a folder with these files. */
async function imported(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = `folder-${(folders += 1)}`
  for (const [name, content] of Object.entries(files)) fixture.file(`${folder}/${name}`, content)
  return fixture.imported(folder, folder)
}

const JANUARY = billText('2026-01', 5)
const [HEADER = ''] = JANUARY.split('\n')

describe('an import is refused, since all would be counted twice,', () => {
  it('where a file lies there packed and unpacked', async () => {
    const { status, error } = await imported({
      'bill-1.csv': JANUARY,
      'bill-1.csv.gz': gzipSync(JANUARY),
      'bill-2.csv': billText('2026-01', 6),
    })
    expect(status).toBe('failed')
    expect(error).toMatch(
      /^"folder-\d+\/bill-1.csv" and "folder-\d+\/bill-1.csv.gz" are the same, and all would be counted twice: import one of them$/,
    )
  })

  it('where there is a copy of a file, but not of one without rows', async () => {
    const copied = await imported({ 'bill.csv': JANUARY, 'bill (1).csv': JANUARY })
    expect(copied.error).toMatch(/"folder-\d+\/bill \(1\).csv" and .* are the same/)
    const filledUp = await imported({ 'a.csv': JANUARY, 'b.csv': HEADER, 'c.csv': HEADER })
    expect(filledUp).toMatchObject({ status: 'done', report: { rowsRead: 1, warnings: [] } })
  })

  it('where two exports tell of one billing account in a billing period', async () => {
    const period = 'data/BILLING_PERIOD=2026-01/bill-00001.csv'
    const february = 'data/BILLING_PERIOD=2026-02/bill-00001.csv'
    const both = await imported({
      [`earlier/${period}`]: JANUARY,
      [`later/${period}`]: billText('2026-01', 6),
    })
    expect(both.error).toMatch(
      /^"folder-\d+\/later\/.*": the exports in "folder-\d+\/earlier" and "folder-\d+\/later" both tell of the billing account 1 in 2026-01, /,
    )
    const apart = await imported({
      [`earlier/${period}`]: JANUARY,
      [`later/${february}`]: billText('2026-02', 6),
    })
    expect(apart.status).toBe('done')
  })
})
