/** Settings by their names, by the titles of their sections. */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * The sections of AWS's shared `credentials` and `config` files. A title that comes again adds to
 * its section, as in AWS's SDKs.
 */
export function iniSections(text: string): IniSections {
  const sections = new Map<string, Map<string, string>>()
  let current: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const title = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1]
    const setting = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line)
    if (title !== undefined) {
      current = sections.get(title) ?? new Map()
      sections.set(title, current)
    } else if (setting !== null) {
      current?.set(setting[1] ?? '', setting[2] ?? '')
    }
  }
  return sections
}
