import { once } from 'node:events'
import { styleText } from 'node:util'

import { clipped, padded, printable, widthOf } from './terminal-text.ts'

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
}

const GAP = '  '
const COLUMN_WIDTH_MIN = 10

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
  const body = rows.map((row, index) =>
    lineOf(({ column, cells, width: columns_ }) =>
      styled(column.style?.(row), padded(cells[index] ?? '', columns_, column.align)),
    ),
  )
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
  const widest = columns.reduce((a, b) => (b.width > a.width ? b : a))
  const narrower = Math.max(COLUMN_WIDTH_MIN, widest.width - excess)
  if (narrower >= widest.width) return columns
  return fittedColumns(
    columns.map((measured) =>
      measured === widest
        ? {
            ...measured,
            cells: measured.cells.map((cell) => clipped(cell, narrower)),
            width: narrower,
          }
        : measured,
    ),
    width,
  )
}

function totalWidth(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1))
}
