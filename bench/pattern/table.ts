/** Prints rows under a heading, columns aligned: the first to the left, the others to the right. */
export function printTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const texts = rows.map((row) => row.map(String))
  const widths = heading.map((name, column) =>
    Math.max(name.length, ...texts.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of [heading, ...texts]) {
    const cells = row.map((text, column) => {
      const width = widths[column] ?? 0
      return column === 0 ? text.padEnd(width) : text.padStart(width)
    })
    console.log(`   ${cells.join('  ').trimEnd()}`)
  }
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

export function metOrNot(met: boolean): string {
  return met ? 'met' : 'NOT MET'
}
