import fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'

import { COLUMNS_MAX, RECORD_BYTES_MAX, readCsv } from './csv.ts'

async function read(text: string, chunkBytes = 7) {
  const bytes = Buffer.from(text)
  const rows: string[][] = []
  const malformed: string[] = []
  let header: readonly string[] = []
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  await readCsv(chunks(), {
    onHeader: (names) => {
      header = names
      return names.map((_, at) => at)
    },
    onRecord: (cells) => void rows.push([...cells]),
    onMalformed: (reason, line) => void malformed.push(`${line}: ${reason}`),
  })
  return { header, rows, malformed }
}

const field = fc.oneof(
  fc.constantFrom('', 'NULL', '0.1', 'Zoë', '{""a"": 1}'),
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ', '😀') }),
)
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

describe('CSV', () => {
  it('is read as csv-parse reads it, however it is cut into chunks', async () => {
    const table = fc
      .integer({ min: 2, max: 5 })
      .chain((columns) =>
        fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { minLength: 1 }),
      )
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (rows, chunkBytes, newline, ends) => {
          const lines = rows.map((row) =>
            row.map((text) => (/[",\r\n]/.test(text) ? quoted(text) : text)).join(','),
          )
          const text = lines.join(newline) + (ends ? newline : '')
          const { header, rows: found, malformed } = await read(text, chunkBytes)
          const expected = parse(text, { record_delimiter: newline })
          expect([header, ...found]).toEqual(expected)
          expect(malformed).toEqual([])
        },
      ),
    )
  })

  it('tells the line of records that are malformed, and reads the others', async () => {
    const text = 'a,b\n1,"two\nlines"\n1\n1,2,3\n1,"2"x\n3,4\n\n5,6'
    const { rows, malformed } = await read(text)
    expect(rows).toEqual([
      ['1', 'two\nlines'],
      ['3', '4'],
      ['5', '6'],
    ])
    expect(malformed).toEqual([
      "4: the record has fewer or more than the header's 2 fields",
      "5: the record has fewer or more than the header's 2 fields",
      '6: there is text before or after the quotation marks of a field',
    ])
  })

  it('has as many columns as bills have, and no more', async () => {
    const columns = (count: number) => Array.from({ length: count }, () => 'c').join(',')
    expect((await read(columns(COLUMNS_MAX), 4_096)).header).toHaveLength(COLUMNS_MAX)
    await expect(read(columns(COLUMNS_MAX + 1), 4_096)).rejects.toThrow('more than 5000 columns')
  })

  it('loses its byte order mark, also where it comes in parts', async () => {
    expect((await read('\uFEFFa,b\n1,2\n', 1)).header).toEqual(['a', 'b'])
  })

  it('is refused where a quotation mark is left open', async () => {
    await expect(read('a,b\n1,"2\n3,4\n')).rejects.toThrow('line 2: a quotation mark is left open')
    const endless = `a,b\n1,"${'x'.repeat(RECORD_BYTES_MAX + 1)}`
    await expect(read(endless, 65_536)).rejects.toThrow('line 2: a record has more than')
    const fits = `a,b\n1,${'x'.repeat(RECORD_BYTES_MAX - 3)}\n`
    expect((await read(fits, 65_536)).rows).toHaveLength(1)
  })
})
