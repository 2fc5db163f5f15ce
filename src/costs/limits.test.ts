import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { CostSourceFrom } from '#src/model/cost-import.ts'
import { addMonths, monthOf } from '#src/model/day.ts'
import type { Bucket, BucketReader } from '#src/ports/bucket-reader.ts'
import { FETCHED_BYTES_MAX, FETCHED_FILES_MAX } from './bucket-files.ts'
import { KEYS_MAX, MANIFEST_BYTES_MAX } from './bill-manifests.ts'
import { FOLDER_FILES_MAX } from './cost-folder.ts'
import { billText, createTestImports } from './imports.fixture.ts'
import type { TestImports } from './imports.fixture.ts'
import { BILLING_PERIODS_MAX } from './rollup.ts'

const MANY_FILES_WITHIN_MS = 120_000
const MONTH = '2025-01'

let fixture: TestImports

beforeAll(async () => {
  fixture = await createTestImports()
})
afterAll(() => fixture.close())

it(
  'an import reads as many files of a folder as it says, and no more',
  async () => {
    // What is no table does not count. Only the first is read: it is no bill.
    for (const name of ['manifest.json', '0.csv']) fixture.file(`many/${name}`, 'a,b\n1,2\n')
    for (let number = 1; number < FOLDER_FILES_MAX; number += 1) {
      fixture.file(`many/${number}.csv`, '')
    }
    const all = await fixture.imported('folder', 'many')
    expect(all.error).toMatch(/^"many\/0\.csv": the table is neither FOCUS/)
    fixture.file('many/one-more.csv', '')
    expect(await fixture.imported('folder', 'many')).toMatchObject({
      status: 'failed',
      error: `the folder "many" has more than ${FOLDER_FILES_MAX} files: import parts of it`,
    })
  },
  MANY_FILES_WITHIN_MS,
)

describe('an import from S3', () => {
  interface Stored {
    readonly text: string
    /** Other than it has: what S3 says of it. */
    readonly bytes?: number
  }

  /** What S3 would hold: no test writes 64 GiB. */
  const bucketOf = (objects: ReadonlyMap<string, Stored>): BucketReader => {
    const bucket: Bucket = {
      keys: async function* () {
        yield* objects.keys()
      },
      find: async (key) => {
        const found = objects.get(key)
        return found && { bytes: found.bytes ?? found.text.length, etag: `"${found.text.length}"` }
      },
      read: async function* (key) {
        yield Buffer.from(objects.get(key)?.text ?? '')
      },
    }
    return { open: () => bucket }
  }
  const PLACE: CostSourceFrom = { kind: 's3', bucket: 'acme-bills', prefix: '' }
  const manifestKey = (month: string) =>
    `focus/metadata/BILLING_PERIOD=${month}/focus-Manifest.json`
  const manifestOf = (dataFiles: readonly string[]) => ({ text: JSON.stringify({ dataFiles }) })
  const BILL = { text: billText(MONTH, 1) }

  let exports = 0
  const importOf = (objects: readonly (readonly [key: string, stored: Stored])[]) => {
    const buckets = bucketOf(new Map(objects))
    return fixture.imported(`export-${(exports += 1)}`, PLACE, { buckets })
  }

  it('looks at as many keys as it says, and no more', async () => {
    const others = Array.from(
      { length: KEYS_MAX - 2 },
      (_, number) => [`focus/data/${number}`, { text: '' }] as const,
    )
    const all = [
      ['focus/data/bill.csv', BILL],
      [manifestKey(MONTH), manifestOf(['focus/data/bill.csv'])],
      ...others,
    ] as const
    expect(await importOf(all)).toMatchObject({ status: 'done' })
    const { error } = await importOf([...all, ['focus/data/one-more', { text: '' }]])
    expect(error).toContain(`more than ${KEYS_MAX} objects below the prefix ""`)
  })

  it('reads manifests as large as it says, and no larger', async () => {
    const { text } = manifestOf(['bill.csv'])
    const importWith = (bytes: number) =>
      importOf([
        ['bill.csv', BILL],
        [manifestKey(MONTH), { text: text.padEnd(bytes) }],
      ])
    expect(await importWith(MANIFEST_BYTES_MAX)).toMatchObject({ status: 'done' })
    const { error } = await importWith(MANIFEST_BYTES_MAX + 1)
    expect(error).toMatch(/has more than 2097152 bytes: that is no manifest$/)
  })

  it('reads as many billing periods as it says, and no more', async () => {
    const objectsOf = (count: number) =>
      Array.from({ length: count }, (_, number) =>
        monthOf(addMonths('2000-01-01', number)),
      ).flatMap(
        (month) =>
          [
            [`${month}.csv`, { text: billText(month, 1) }],
            [manifestKey(month), manifestOf([`${month}.csv`])],
          ] as const,
      )
    const all = await importOf(objectsOf(BILLING_PERIODS_MAX))
    expect(all.report?.periods).toHaveLength(BILLING_PERIODS_MAX)
    const { error } = await importOf(objectsOf(BILLING_PERIODS_MAX + 1))
    expect(error).toContain('241 billing periods, more than 240')
  })

  it(
    'fetches as many files as it says, and no more',
    async () => {
      const objectsOf = (count: number) => {
        const keys = Array.from({ length: count }, (_, number) => `${number}.csv`)
        // Only the first is read: it is no bill.
        return [
          [manifestKey(MONTH), manifestOf(keys)],
          ...keys.map((key) => [key, { text: 'a,b\n1,2\n' }] as const),
        ] as const
      }
      const all = await importOf(objectsOf(FETCHED_FILES_MAX))
      expect(all.error).toMatch(/^"0\.csv": the table is neither FOCUS/)
      const { error } = await importOf(objectsOf(FETCHED_FILES_MAX + 1))
      expect(error).toContain(`more than ${FETCHED_FILES_MAX} files`)
    },
    MANY_FILES_WITHIN_MS,
  )

  it('fetches as many bytes as it says, and no more', async () => {
    const importWith = (bytes: number) =>
      importOf([
        [manifestKey(MONTH), manifestOf(['a.csv', 'b.csv'])],
        ['a.csv', { ...BILL, bytes: FETCHED_BYTES_MAX - 1 }],
        ['b.csv', { ...BILL, bytes }],
      ])
    expect(await importWith(1)).toMatchObject({ status: 'done', report: { files: 2 } })
    const { error } = await importWith(2)
    expect(error).toContain(`or ${FETCHED_BYTES_MAX} bytes that are new`)
  })
})
