import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'

import fc from 'fast-check'
import type { SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, describe, expect, it } from 'vitest'

import { formatMoney } from '#src/model/money.ts'
import { DIMENSION_CHARACTERS_MAX } from './charge.ts'
import { readFiles } from './read-files.ts'
import type { RollupPart } from './rollup.ts'
import { EXPANSION_FLOOR_BYTES, EXPANSION_MAX } from './table-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'belfry-costs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let written = 0
function fileOf(content: string | Uint8Array, ending = 'csv') {
  const name = `file-${(written += 1)}.${ending}`
  const path = join(folder, name)
  writeFileSync(path, content)
  return { name, path }
}

const COLUMNS = [
  ...['BilledCost', 'EffectiveCost', 'BillingCurrency', 'BillingPeriodStart', 'ChargePeriodStart'],
  ...['ChargeCategory', 'BillingAccountId', 'ServiceName', 'ProviderName', 'SubAccountId', 'Tags'],
]
type Row = Readonly<Record<string, string>>
const row = (more: Row = {}): Row => ({
  ...{ BilledCost: '1', EffectiveCost: '0.5', BillingCurrency: 'USD', SubAccountId: '222' },
  ...{ BillingPeriodStart: '2026-01-01T00:00:00Z', ChargePeriodStart: '2026-01-05T13:00:00Z' },
  ...{ ChargeCategory: 'Usage', BillingAccountId: '111', ServiceName: 'EC2', ProviderName: 'AWS' },
  ...{ Tags: '' },
  ...more,
})
const csv = (rows: readonly Row[], columns: readonly string[] = COLUMNS) =>
  [
    columns.join(','),
    ...rows.map((each) =>
      columns.map((column) => `"${(each[column] ?? '').replaceAll('"', '""')}"`).join(','),
    ),
  ].join('\n')

async function read(files: Parameters<typeof readFiles>[0], tagKeys?: readonly string[]) {
  const { rollup, report } = await readFiles(files, {
    onProgress: () => undefined,
    ...(tagKeys !== undefined && { tagKeys }),
  })
  const parts: RollupPart[] = [...rollup.parts()]
  const dimensions = parts.flatMap((part) => part.dimensions)
  const rows = parts.flatMap((part) =>
    part.rows.map(({ dimension, ...each }) => {
      const { number: _, ...what } = dimensions.find(
        (one) => one.number === dimension && one.month === each.month,
      )!
      return { ...what, ...each }
    }),
  )
  return { rows, report, summaries: rollup.summaries() }
}
const faultOf = async (content: string | Uint8Array, ending?: string) =>
  read([fileOf(content, ending)]).then(
    () => 'it was read',
    (error: Error) => error.message,
  )

describe('files of costs', () => {
  it('come to the same sums in whatever files and order their rows stand', async () => {
    const rows = fc.array(
      fc.record({
        BilledCost: fc.constantFrom('0.1', '-0.0000000001', '123456.789', '1e-12', '0'),
        EffectiveCost: fc.constantFrom('0.2', '-7', '0.333333333333'),
        BillingCurrency: fc.constantFrom('USD', 'AUD'),
        ChargePeriodStart: fc.constantFrom(
          ...['2026-01-05 13:00:00', '2026-01-05T00:00:00Z', '2026-01-06T00:30:00+01:00'],
        ),
        BillingPeriodStart: fc.constantFrom('2026-01-01', '2025-12-01'),
        SubAccountId: fc.constantFrom('222', 'NULL', ''),
        Tags: fc.constantFrom('NULL', '{"b":"2","a":"1"}', '{"a": "1", " b": "2"}', '{"on": true}'),
      }),
      { minLength: 1, maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(rows, fc.infiniteStream(fc.nat(2)), async (given, choices) => {
        const all = given.map((each) => row(each))
        const split: Row[][] = [[], [], []]
        for (const each of all) split[choices.next().value]?.unshift(each)
        const filled = split.filter((part) => part.length > 0)
        const one = await read([fileOf(csv(all))])
        const several = await read(filled.map((part) => fileOf(gzipSync(csv(part)), 'csv.gz')))
        expect(several.rows).toEqual(one.rows)
        expect(several.summaries).toEqual(one.summaries)
      }),
      { numRuns: 40 },
    )
  })

  it('are told apart by the UTC day, the account and the tags, however the export writes them', async () => {
    const { rows } = await read([
      fileOf(
        csv([
          row({ Tags: '{" team": "a", "spot": true}', SubAccountId: 'NULL' }),
          row({ Tags: '{"spot":true,"team":"a"}', SubAccountId: '111' }),
          row({ ChargePeriodStart: '2026-01-06T00:30:00+01:00', SubAccountId: '', Tags: 'NULL' }),
        ]),
      ),
    ])
    expect(rows).toMatchObject([
      { day: '2026-01-05', accountId: '111', tags: { spot: true, team: 'a' } },
      { day: '2026-01-05', accountId: '111', tags: {} },
    ])
    expect(rows.map(({ billedCost }) => formatMoney(billedCost))).toEqual(['2', '1'])
  })

  it('are told apart by the tag keys that are asked for, and no others', async () => {
    const file = fileOf(
      csv([row({ Tags: '{"a":"1","b":"2"}' }), row({ Tags: '{"a":"1","c":"3"}' })]),
    )
    expect((await read([file])).rows).toHaveLength(2)
    expect((await read([file], ['a'])).rows).toMatchObject([{ tags: { a: '1' } }])
  })

  it('never add two currencies', async () => {
    const file = fileOf(csv([row(), row({ BillingCurrency: 'AUD', BilledCost: '3' })]))
    const [summary] = (await read([file])).summaries
    expect(summary?.totals.map(({ currency, billedCost }) => [currency, billedCost])).toEqual([
      ['AUD', 3_000_000_000_000n],
      ['USD', 1_000_000_000_000n],
    ])
  })

  it('are read without the rows that cannot be understood, which are reported', async () => {
    const bad = [
      { BilledCost: 'abc' },
      { BilledCost: '' },
      { ChargePeriodStart: '2026-02-30T00:00:00Z' },
      { ChargeCategory: 'Gift' },
      { BillingCurrency: 'NULL' },
      { Tags: '[1]' },
      { BilledCost: '1e12' },
      { ServiceName: 'x'.repeat(DIMENSION_CHARACTERS_MAX + 1) },
    ]
    const { report, rows } = await read([
      fileOf(
        csv([
          row({ ServiceName: 'x'.repeat(DIMENSION_CHARACTERS_MAX) }),
          ...bad.map((each) => row(each)),
        ]),
      ),
    ])
    expect(rows).toHaveLength(1)
    expect(report).toMatchObject({ rowsRead: 9, rowsSkipped: 8 })
    expect(report.skipped.find(({ rows: count }) => count === 2)).toEqual({
      reason: 'BilledCost is no decimal number below a trillion',
      rows: 2,
      examples: [
        { place: expect.stringMatching(/^file-\d+\.csv line 3$/), found: 'abc' },
        { place: expect.stringMatching(/ line 9$/), found: '1e12' },
      ],
    })
    expect(report.skipped.map(({ reason }) => reason)).toContain('BillingCurrency is empty')
  })

  it('are read in the ways of writing times and numbers that databases have', async () => {
    const { rows, report } = await read([
      fileOf(
        csv([
          row({ ChargePeriodStart: '2026-01-05 01:00:00+00', BilledCost: '2.5E-101' }),
          row({ ChargePeriodStart: '2026-01-05 03:00:00.123456-0530', BilledCost: '2e0' }),
          row({ ChargePeriodStart: '2026-01-06 01:00+02', BilledCost: '-4.9e-324' }),
        ]),
      ),
    ])
    expect(report.rowsSkipped).toBe(0)
    expect(rows).toMatchObject([{ day: '2026-01-05', billedCost: 2n * 10n ** 12n }])
  })

  it('are recurring where they are of usage for a month at once, whatever the export says', async () => {
    const columns = [...COLUMNS, 'ChargePeriodEnd', 'ChargeFrequency']
    const charge = (SubAccountId: string, ChargePeriodEnd: string, more: Row = {}) =>
      row({ SubAccountId, ChargePeriodEnd, ChargeFrequency: 'Usage-Based', ...more })
    const { rows } = await read([
      fileOf(
        csv(
          [
            charge('1', '2026-01-06T00:00:00Z'),
            charge('2', '2026-02-01T00:00:00Z'),
            charge('3', '2026-02-01T00:00:00Z', { ChargeFrequency: 'One-Time' }),
            charge('4', '2026-02-01T00:00:00Z', { ChargeFrequency: '', ChargeCategory: 'Tax' }),
            charge('5', 'NULL'),
          ],
          columns,
        ),
      ),
    ])
    expect(rows.map(({ chargeFrequency }) => chargeFrequency)).toEqual([
      ...['Usage-Based', 'Recurring', 'One-Time', '', 'Usage-Based'],
    ])
  })

  it('are refused where one import has the same bill in two formats', async () => {
    const report = 'bill/PayerAccountId,bill/BillingPeriodStartDate,lineItem/UsageAccountId,'
    const rest = 'lineItem/UsageStartDate,lineItem/LineItemType,lineItem/ProductCode,'
    const header = `${report}${rest}lineItem/CurrencyCode,lineItem/UnblendedCost`
    const line = (payer: string, month: string) =>
      `${header}\n${payer},${month}-01T00:00:00Z,222,${month}-05T01:00:00Z,Usage,AmazonEC2,USD,1`
    const focus = fileOf(csv([row({ BillingAccountId: '110' }), row()]))
    const others = [line('112', '2026-01'), line('111', '2026-02')].map((text) => fileOf(text))
    const apart = await read([focus, ...others])
    expect(apart.report).toMatchObject({ formats: ['FOCUS', 'AWS CUR'], warnings: [] })
    const twice = read([focus, fileOf(line('111', '2026-01'))])
    await expect(twice).rejects.toThrow(
      /FOCUS in "file-\d+.csv" and AWS CUR in "file-\d+.csv" both tell of the billing account 111 in 2026-01/,
    )
  })

  it('are told of where files of the same bill have other columns, as those of two exports have', async () => {
    const [first, second] = [fileOf(csv([row()])), fileOf(csv([row()], [...COLUMNS, 'InvoiceId']))]
    const { report, summaries } = await read([first, second])
    expect(report.warnings).toEqual([
      `the billing account 111 has costs of 2026-01 in "${first.name}" and in "${second.name}", which have other columns, and both are counted: where they are of two exports, import one of them`,
    ])
    expect(summaries[0]?.totals).toMatchObject([{ billedCost: 2n * 10n ** 12n }])
    const later = [row({ BillingPeriodStart: '2026-02-01T00:00:00Z' })]
    const months = [first, fileOf(csv(later, [...COLUMNS, 'InvoiceId']))]
    expect((await read(months)).report.warnings).toEqual([])
  })

  it('are refused with what is missing of them and what was found', async () => {
    const without = COLUMNS.filter((name) => !/Currency|Provider/.test(name))
    expect(await faultOf(csv([row()], without))).toMatch(
      /looks like FOCUS and has no column BillingCurrency, no ProviderName or ServiceProviderName: found BilledCost, /,
    )
    expect(await faultOf(csv([row()], [...COLUMNS, 'Tags', 'billed_cost']))).toMatch(
      /: the table has the column BilledCost more than once: leave one$/,
    )
    expect(await faultOf('a,b\n1,2\n')).toMatch(/neither FOCUS .* found a, b$/)
    expect(await faultOf(csv([]))).toBe('there is no row in it')
    expect(await faultOf(csv([row({ BilledCost: 'x' })]))).toMatch(
      /none of 1 rows can be understood: BilledCost is no decimal .* line 2, found "x"/,
    )
  })

  it('are refused where they are damaged, cut off, or made to do harm', async () => {
    const packed = gzipSync(csv(Array.from({ length: 50 }, () => row())))
    expect(await faultOf(packed.subarray(0, packed.length - 20), 'gz')).toMatch(/is it whole\?$/)
    expect(await faultOf(gzipSync(packed), 'gz')).toMatch(/there is gzip inside it/)
    expect(await faultOf(Buffer.from([1, 0, 2, 0, 3, 4]))).toMatch(/neither CSV nor Parquet/)
    expect(await faultOf('PAR1 and no more', 'parquet')).toMatch(/Parquet file cannot be read/)
    const lines = Buffer.alloc(EXPANSION_FLOOR_BYTES, `${'x'.repeat(65_535)}\n`)
    const bomb = gzipSync(Buffer.concat([Buffer.from(csv([row()])), lines]))
    expect(await faultOf(bomb, 'gz')).toContain(`more than ${EXPANSION_MAX} times as large`)
  })

  it('have cost categories as tags, under the key that later exports of AWS have them under', async () => {
    const later = row({ Tags: '{"aws:tags:CostCategory/Team":"a","env":"test"}' })
    const earlier = row({ Tags: '{"env":"test"}', x_CostCategories: '{"Team":"a"}' })
    const columns = [...COLUMNS, 'x_CostCategories']
    const { rows } = await read([fileOf(csv([earlier, row({ Tags: '' })], columns))])
    const expected = await read([fileOf(csv([later, row({ Tags: '' })]))])
    expect(rows).toEqual(expected.rows)
    const key = 'aws:tags:CostCategory/Team'
    const kept = await read([fileOf(csv([earlier], columns))], [key])
    expect(kept.rows.map(({ tags }) => tags)).toEqual([{ [key]: 'a' }])
    const { report } = await read([fileOf(csv([row(), row({ x_CostCategories: '[]' })], columns))])
    expect(report.skipped).toMatchObject([
      { reason: 'x_CostCategories is no JSON object', rows: 1 },
    ])
  })

  it('in Parquet come to the same as in CSV', async () => {
    const given = [
      row({ BilledCost: '0.1', Tags: '{"team":"a"}' }),
      row({ BilledCost: '-0.0000008', ChargePeriodStart: '2026-01-06T01:00:00Z', Tags: '{}' }),
      row({ BilledCost: '1234.5', SubAccountId: '333', Tags: '{"team":"b"}' }),
    ]
    const texts = (name: string) => given.map((each) => each[name] ?? '')
    const times = (name: string) => texts(name).map((text) => new Date(text))
    const numbers = (name: string) => texts(name).map(Number)
    const columnData = COLUMNS.map((name) => {
      if (name.endsWith('Cost')) return { name, data: numbers(name), type: 'DOUBLE' as const }
      if (name.endsWith('Start')) return { name, data: times(name), type: 'TIMESTAMP' as const }
      return { name, data: texts(name), type: 'STRING' as const }
    })
    const fromCsv = await read([fileOf(csv(given))])
    for (const codec of ['UNCOMPRESSED', 'SNAPPY'] as const) {
      const bytes = parquetWriteBuffer({ columnData, codec, rowGroupSize: 2 })
      const found = await read([fileOf(new Uint8Array(bytes), 'parquet')])
      expect(found.rows).toEqual(fromCsv.rows)
    }
  })

  it('in Parquet have tags in maps, whether or not these say that they are text, and none in lists', async () => {
    const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
    const schemaOf = (tags: readonly SchemaElement[]): SchemaElement[] => [
      { name: 'root', num_children: COLUMNS.length },
      ...COLUMNS.flatMap((name): readonly SchemaElement[] =>
        name === 'Tags' ? tags : [{ ...text, name, repetition_type: 'REQUIRED' }],
      ),
    ]
    const mapOf = (kind: Partial<SchemaElement>): readonly SchemaElement[] => [
      { name: 'Tags', converted_type: 'MAP', repetition_type: 'OPTIONAL', num_children: 1 },
      { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
      { ...kind, name: 'key', repetition_type: 'REQUIRED' },
      { ...kind, name: 'value', repetition_type: 'OPTIONAL' },
    ]
    const list: readonly SchemaElement[] = [
      { name: 'Tags', converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { ...text, name: 'element', repetition_type: 'OPTIONAL' },
    ]
    const tagsRead = async (schema: readonly SchemaElement[], tags: readonly unknown[]) => {
      const columnData = COLUMNS.map((name) => ({
        name,
        data:
          name === 'Tags' ? [...tags] : tags.map((_, at) => row({ SubAccountId: `${at}` })[name]),
      }))
      const bytes = parquetWriteBuffer({ columnData, schema: schemaOf(schema) })
      const { rows, report } = await read([fileOf(new Uint8Array(bytes), 'parquet')])
      return { tags: rows.map((each) => each.tags), report }
    }
    for (const kind of [text, { type: 'BYTE_ARRAY' } as const]) {
      const { tags } = await tagsRead(mapOf(kind), [{ team: 'a', b: 'é' }, null, {}])
      expect(tags).toEqual([{ b: 'é', team: 'a' }, {}, {}])
    }
    const { tags, report } = await tagsRead(list, [['a', 'b'], null])
    expect(tags).toEqual([{}])
    expect(report.skipped).toMatchObject([{ reason: 'Tags is no JSON object', rows: 1 }])
  })

  it('in Parquet have tags in columns of JSON', async () => {
    const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
    const schema: SchemaElement[] = [
      { name: 'root', num_children: COLUMNS.length },
      ...COLUMNS.map((name): SchemaElement => {
        if (name !== 'Tags') return { ...text, name, repetition_type: 'REQUIRED' }
        return { type: 'BYTE_ARRAY', converted_type: 'JSON', name, repetition_type: 'OPTIONAL' }
      }),
    ]
    const given = [row(), row(), row({ SubAccountId: '333' })]
    const tags = [{ team: 'a' }, null, { team: 'a', spot: true }]
    const columnData = COLUMNS.map((name) => ({
      name,
      data: name === 'Tags' ? tags : given.map((each) => each[name] ?? ''),
    }))
    const bytes = parquetWriteBuffer({ columnData, schema })
    const found = await read([fileOf(new Uint8Array(bytes), 'parquet')])
    const texts = tags.map((each) => (each === null ? '' : JSON.stringify(each)))
    const same = given.map((each, at) => ({ ...each, Tags: texts[at] ?? '' }))
    expect(found.rows).toEqual((await read([fileOf(csv(same))])).rows)
  })

  it('in a zip of several files come to the same as apart, whether packed or stored', async () => {
    const parts = [[row(), row({ BilledCost: '3' })], [row({ SubAccountId: '333' })]]
    const apart = await read(parts.map((part) => fileOf(csv(part))))
    const entries = parts.map((part, at) => [`bill-${at}.csv`, Buffer.from(csv(part))] as const)
    const system = ['__MACOSX/._bill-0.csv', 'folder/.DS_Store'] as const
    const others = system.map((name) => [name, Buffer.from([0, 1, 2, 3])] as const)
    const zip = zipOf([['folder/', Buffer.alloc(0)], ...others, ...entries])
    const together = await read([fileOf(zip, 'zip')])
    expect(together.rows).toEqual(apart.rows)
    expect(together.report.rowsRead).toBe(3)
    const { report } = await read([
      fileOf(zipOf([['bad.csv', Buffer.from(csv([row(), row({ BilledCost: 'x' })]))]]), 'zip'),
    ])
    expect(report.skipped[0]?.examples[0]?.place).toMatch(/^file-\d+\.zip\/bad\.csv line 3$/)
    expect(await faultOf(zip.subarray(0, zip.length - 30), 'zip')).toMatch(/is it whole\?$/)
  })

  it('in Parquet keep all digits of decimals, by whatever codec and in whatever type', async () => {
    const digits = [123_456_789_012_345_678n, -1n, 0n]
    const texts = ['123456.789012345678', '-0.000000000001', '0']
    const given = texts.map((cost, at) =>
      row({ BilledCost: cost, EffectiveCost: cost, SubAccountId: String(at) }),
    )
    const decimal = { converted_type: 'DECIMAL', scale: 12, repetition_type: 'REQUIRED' } as const
    const schema: SchemaElement[] = [
      { name: 'root', num_children: COLUMNS.length },
      ...COLUMNS.map((name): SchemaElement => {
        if (name === 'BilledCost') {
          return { ...decimal, name, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, precision: 38 }
        }
        if (name === 'EffectiveCost') return { ...decimal, name, type: 'INT64', precision: 18 }
        const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
        return { ...text, name, repetition_type: 'REQUIRED' }
      }),
    ]
    const columnData = COLUMNS.map((name) => ({
      name,
      data: name.endsWith('Cost') ? digits : given.map((each) => each[name] ?? ''),
    }))
    const compressors = { GZIP: gzipSync, ZSTD: zstdCompressSync, BROTLI: brotliCompressSync }
    const fromCsv = await read([fileOf(csv(given))])
    for (const codec of ['GZIP', 'ZSTD', 'BROTLI'] as const) {
      const bytes = parquetWriteBuffer({ columnData, schema, codec, compressors })
      const found = await read([fileOf(new Uint8Array(bytes), 'parquet')])
      expect(found.rows).toEqual(fromCsv.rows)
    }
  })
})

/** Files in a zip, every other one stored as it is. */
function zipOf(entries: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [at, [name, content]] of entries.entries()) {
    const isPacked = at % 2 === 1
    const data = isPacked ? deflateRawSync(content) : content
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(isPacked ? 8 : 0, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), data])
    const more = Buffer.alloc(14)
    more.writeUInt32LE(offset, 10)
    const made = Buffer.from([20, 0])
    directory.push(Buffer.from('PK\u0001\u0002'), made, common, more, Buffer.from(name))
    locals.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(listed.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, listed, Buffer.from('PK\u0005\u0006'), end])
}
