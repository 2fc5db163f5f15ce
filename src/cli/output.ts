import { once } from 'node:events'
import { styleText } from 'node:util'

import { padded, printable, widthOf, wrapped } from './terminal-text.ts'

export type Style = Parameters<typeof styleText>[0]

/** Where a command's answer goes: JSON for machines where that was asked for, else text. */
export interface Output {
  readonly json: boolean
  /** Columns of the terminal; unlimited where there is none. */
  readonly width: number
  readonly show: (value: unknown, forPeople: () => string) => Promise<void>
  /** Waits while the reader does not keep up. */
  readonly line: (text: string) => Promise<void>
  /** For people beside the answer, on standard error. */
  readonly note: (text: string) => void
}

export function createOutput(json: boolean): Output {
  const { stdout, stderr } = process
  const line = async (text: string) => {
    if (!stdout.write(`${text}\n`)) await once(stdout, 'drain')
  }
  return {
    json,
    // Asked for each time: a terminal's size changes. Some say that it is 0.
    get width() {
      return (stdout.isTTY && stdout.columns) || Number.POSITIVE_INFINITY
    },
    show: (value, forPeople) => line(json ? JSON.stringify(value, undefined, 2) : forPeople()),
    line,
    note: (text) => void stderr.write(`${text}\n`),
  }
}

export interface Column<T> {
  readonly title: string
  readonly text: (row: T) => string
  readonly style?: (row: T) => Style | undefined
  readonly align?: 'left' | 'right'
  /** Left out, the last first, where the terminal is too narrow. */
  readonly optional?: boolean
  /** Of the last column: what is too long goes on in lines below, rather than being cut. */
  readonly wraps?: boolean
}

const GAP = '  '
const COLUMN_WIDTH_MIN = 10
/** A narrower column of prose is hard to read: the other columns are cut first. */
const PROSE_WIDTH_MIN = 30

/** Rows under their titles, no wider than `width`: optional columns go first, then long cells. */
export function table<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  width = Number.POSITIVE_INFINITY,
): string {
  const shown = fittedColumns(
    columns.map((column) => {
      const cells = rows.map((row) => printable(column.text(row)))
      const cellWidth = Math.max(widthOf(column.title), ...cells.map(widthOf))
      return { column, cells, width: cellWidth }
    }),
    width,
  )
  const lineOf = (cellOf: (measured: Measured<T>) => string) =>
    shown.map(cellOf).join(GAP).trimEnd()
  const head = lineOf(({ column, width: columns_ }) =>
    styled('bold', padded(column.title, columns_, column.align)),
  )
  const body = rows.flatMap((row, index) => {
    const lines = shown.map(({ column, cells, width: columns_ }) => {
      const cell = cells[index] ?? ''
      return column.wraps === true ? wrapped(cell, columns_) : [cell]
    })
    const height = Math.max(...lines.map(({ length }) => length))
    return Array.from({ length: height }, (_, line) =>
      lineOf((measured) => {
        const { column, width: columns_ } = measured
        const text = lines[shown.indexOf(measured)]?.[line] ?? ''
        const fitted = column.wraps === true ? text : padded(text, columns_, column.align)
        return styled(column.style?.(row), fitted)
      }),
    )
  })
  return [head, ...body].join('\n')
}

/**
 * Rows under their titles, no wider than `width` where one column beside the first is not: columns
 * for which there is no room follow in tables below, each of which begins with the first.
 */
export function tablesBelow<T>(
  rows: readonly T[],
  {
    first,
    columns,
    width,
  }: { readonly first: Column<T>; readonly columns: readonly Column<T>[]; readonly width: number },
): string {
  const blocks: Column<T>[][] = []
  for (const column of columns) {
    const block = blocks.at(-1)
    if (block !== undefined && naturalWidth(rows, [first, ...block, column]) <= width) {
      block.push(column)
    } else {
      blocks.push([column])
    }
  }
  return blocks.map((block) => table(rows, [first, ...block], width)).join('\n\n')
}

function naturalWidth<T>(rows: readonly T[], columns: readonly Column<T>[]): number {
  return totalWidth(
    columns.map(({ title, text }) => ({
      width: Math.max(widthOf(title), ...rows.map((row) => widthOf(printable(text(row))))),
    })),
  )
}

/**
 * Labels and values below each other; values that are undefined are left out, and several of one
 * label take a line each.
 */
export function fields(
  pairs: Readonly<Record<string, string | readonly string[] | undefined>>,
  styles: Readonly<Record<string, Style>> = {},
): string {
  const given = Object.entries(pairs).filter(
    (pair): pair is [string, string | readonly string[]] => pair[1] !== undefined,
  )
  const labelWidth = Math.max(...given.map(([label]) => widthOf(label)))
  return given
    .flatMap(([label, value]) =>
      [value].flat().map((line, at) => {
        const title = styled('bold', padded(at === 0 ? label : '', labelWidth))
        return `${title}${GAP}${styled(styles[label], printable(line))}`
      }),
    )
    .join('\n')
}

/** The text in a colour where standard output shows colours. */
export function styled(style: Style | undefined, text: string): string {
  return style === undefined ? text : styleText(style, text)
}

interface Measured<T> {
  readonly column: Column<T>
  readonly cells: readonly string[]
  readonly width: number
}

function fittedColumns<T>(columns: readonly Measured<T>[], width: number): readonly Measured<T>[] {
  const excess = totalWidth(columns) - width
  if (excess <= 0) return columns
  const droppable = columns.findLastIndex(({ column }) => column.optional)
  if (droppable !== -1) return fittedColumns(columns.toSpliced(droppable, 1), width)
  const [last] = columns.slice(-1)
  if (last?.column.wraps === true && last.width > PROSE_WIDTH_MIN) {
    const narrow = Math.max(PROSE_WIDTH_MIN, last.width - excess)
    return fittedColumns([...columns.slice(0, -1), { ...last, width: narrow }], width)
  }
  return narrowed(columns, excess)
}

/** The widest columns are cut until they are as narrow as the next, then those too. */
function narrowed<T>(columns: readonly Measured<T>[], tooMany: number): readonly Measured<T>[] {
  const widths = columns.map(({ width }) => width)
  for (let excess = tooMany; excess > 0;) {
    const widest = Math.max(...widths)
    if (widest <= COLUMN_WIDTH_MIN) break
    const next = Math.max(COLUMN_WIDTH_MIN, ...widths.filter((width) => width < widest))
    const tied = widths.filter((width) => width === widest).length
    const cut = Math.min(Math.ceil(excess / tied), widest - next)
    widths[widths.lastIndexOf(widest)] = widest - cut
    excess -= cut
  }
  return columns.map((measured, at) => ({ ...measured, width: widths[at] ?? measured.width }))
}

function totalWidth(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1))
}
