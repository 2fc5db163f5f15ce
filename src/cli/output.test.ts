import { describe, expect, it } from 'vitest'

import { fields, table, tablesBelow } from './output.ts'
import type { Column } from './output.ts'
import { widthOf } from './terminal-text.ts'

interface Row {
  readonly name: string
  readonly size: number
  readonly id: string
}

const ROWS: readonly Row[] = [
  { name: 'payments-prod', size: 7, id: '01a2-b3c4' },
  { name: 'Inês', size: 1_234, id: '01a2-ffff' },
]
const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'SIZE', text: ({ size }) => String(size), align: 'right' },
  { title: 'ID', text: ({ id }) => id, optional: true },
]

describe('a table', () => {
  it('lines columns up under their titles', () => {
    expect(table(ROWS, COLUMNS)).toBe(
      [
        'NAME           SIZE  ID',
        'payments-prod     7  01a2-b3c4',
        'Inês           1234  01a2-ffff',
      ].join('\n'),
    )
  })

  it('leaves optional columns out before it cuts anything', () => {
    expect(table(ROWS, COLUMNS, 20)).toBe(
      ['NAME           SIZE', 'payments-prod     7', 'Inês           1234'].join('\n'),
    )
  })

  it('then cuts the widest cells until it fits', () => {
    const narrow = table(ROWS, COLUMNS, 16)
    expect(narrow).toContain('payments-…')
    for (const line of narrow.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(16)
  })

  it('cuts wide columns to the same width, rather than one to nothing', () => {
    const rows = [{ name: 'n'.repeat(40), size: 1, id: 'i'.repeat(30) }]
    const columns = COLUMNS.map(({ optional: _, ...column }) => column)
    expect(table(rows, columns, 50).split('\n')[1]).toBe(
      `${'n'.repeat(20)}…     1  ${'i'.repeat(20)}…`,
    )
  })

  it('goes on below with prose that is too long, rather than cut it', () => {
    const why: Column<Row> = {
      title: 'WHY',
      text: ({ name }) => `${name} is held back until it is day where its readers are`,
      wraps: true,
    }
    const narrow = table(ROWS, [COLUMNS[1] as Column<Row>, why], 40)
    expect(narrow.split('\n').slice(0, 4)).toEqual([
      'SIZE  WHY',
      '   7  payments-prod is held back until',
      '      it is day where its readers are',
      '1234  Inês is held back until it is day',
    ])
    expect(table(ROWS, [why])).toContain('payments-prod is held back until it is day where its')
  })

  it('shows text from elsewhere without what it could do to the terminal', () => {
    const rows = [{ name: 'evil\u001b[31m', size: 1, id: '' }]
    expect(table(rows, COLUMNS)).not.toContain('\u001b')
  })
})

describe('tables below each other', () => {
  const [first, size] = COLUMNS as [Column<Row>, Column<Row>]
  const months = ['2026-01', '2026-02', '2026-03'].map((title) => ({ ...size, title }))
  const inWidth = (width: number) => tablesBelow(ROWS, { first, columns: months, width })

  it('are one where there is room', () => {
    expect(inWidth(40)).toBe(table(ROWS, [first, ...months]))
    expect(inWidth(13 + 3 * 9)).toBe(table(ROWS, [first, ...months]))
  })

  it('go on with the columns for which there is none, beside the first', () => {
    const [january, february, march] = months as [Column<Row>, Column<Row>, Column<Row>]
    const parts = [table(ROWS, [first, january, february]), table(ROWS, [first, march])]
    expect(inWidth(13 + 3 * 9 - 1)).toBe(parts.join('\n\n'))
  })
})

describe('fields', () => {
  it('stand below each other; what is undefined is left out', () => {
    expect(fields({ name: 'web-shop', type: undefined, 'AWS account': '1\n2' })).toBe(
      'name         web-shop\nAWS account  1 2',
    )
  })
})
