/** Parts of ECMAScript's JSON since 2025, of Node since 22, that TypeScript does not know yet. */
const { parse, rawJSON: rawJson } = JSON as unknown as {
  parse: (
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  rawJSON: (source: string) => object
}

/**
 * JSON whose numbers are written again as they were read: one that JavaScript has no number for, or
 * would write in another way, is an object that stands for its text.
 */
export function parseExactly(json: string): unknown {
  return parse(json, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? rawJson(source)
      : value,
  )
}
