import { compactJson } from '#src/model/compact-json.ts'
import type { AttemptError } from '#src/model/delivery.ts'

/**
 * EventBridge's input template: text in which `<name>` stands for a value.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export interface InputTemplate {
  /**
   * `string`: one or more JSON strings, which are filled as plain text. `json`: any other JSON;
   * placeholders outside of its strings are filled with JSON values.
   */
  readonly kind: 'string' | 'json'
  /** Text, and the placeholders between. */
  readonly parts: readonly (string | Placeholder)[]
}

interface Placeholder {
  readonly name: string
  /** Between quotation marks. */
  readonly quoted: boolean
}

/** The text that a target is sent, or why there is none: no later attempt would have one either. */
export type InputOutcome =
  | {
      readonly ok: true
      readonly text: string
      /** Placeholders whose path finds nothing in the event, if there are any. */
      readonly missing?: readonly string[]
    }
  | { readonly ok: false; readonly error: AttemptError }

const STRING_TEMPLATE = /^\s*"[^]*"\s*$/
/** AWS: the characters < and > cannot be escaped. */
const TOKEN = /<([^<>]*)>|\\["\\]|"/g
/** A template of 8,192 characters can name a value of 1 MB some thousand times. */
const FILLED_CHARACTERS_MAX = 4 * 1024 * 1024

export function parseTemplate(template: string): InputTemplate {
  const parts: (string | Placeholder)[] = []
  let start = 0
  let quoted = false
  for (const { 0: token, 1: name, index } of template.matchAll(TOKEN)) {
    if (token === '"') quoted = !quoted
    if (name === undefined) continue
    parts.push(template.slice(start, index), { name, quoted })
    start = index + token.length
  }
  parts.push(template.slice(start))
  return { kind: STRING_TEMPLATE.test(template) ? 'string' : 'json', parts }
}

/**
 * The template with values in the places of its placeholders. Nothing is escaped between quotation
 * marks, as on AWS, so that a value may spoil the JSON around it: that is no success.
 * @param valueOf the JSON text of a placeholder's value; undefined where the event has none
 */
export function filledTemplate(
  { kind, parts }: InputTemplate,
  valueOf: (name: string) => string | undefined,
): InputOutcome {
  const missing = new Set<string>()
  const spoiling = new Set<string>()
  let filled = ''
  for (const part of parts) {
    if (typeof part === 'string') filled += part
    else {
      const value = valueOf(part.name)
      const text = textOf(kind, part, value)
      if (value === undefined) missing.add(part.name)
      if (part.quoted && JSON.stringify(text) !== `"${text}"`) spoiling.add(part.name)
      filled += text
    }
    if (filled.length > FILLED_CHARACTERS_MAX) {
      const message = `the input template makes more than ${FILLED_CHARACTERS_MAX} characters of this event`
      return { ok: false, error: { code: 'INVALID_PARAMETER', message } }
    }
  }
  // An event nests as deeply as it may, and stands inside of the template.
  const text = kind === 'string' ? filled : compactJson(filled, Number.POSITIVE_INFINITY)
  if (text !== undefined)
    return { ok: true, text, ...(missing.size > 0 && { missing: [...missing] }) }
  const names = Array.from(spoiling, (name) => `<${name}>`).join(', ')
  const message = `the input template makes no valid JSON of this event: what ${names} stands for does not fit between quotation marks; a placeholder without them gets a JSON value`
  return { ok: false, error: { code: 'INVALID_JSON', message } }
}

function textOf(
  kind: InputTemplate['kind'],
  { quoted }: Placeholder,
  value: string | undefined,
): string {
  if (kind === 'json' && !quoted) return value ?? '""'
  if (value === undefined) return ''
  return kind === 'json' ? contentOf(value) : plainText(value)
}

/** Recorded on AWS: in a string template objects and arrays lose all quotation marks. */
function plainText(value: string): string {
  return /^[[{]/.test(value) ? value.replaceAll('"', '') : contentOf(value)
}

function contentOf(value: string): string {
  return value.startsWith('"') ? (JSON.parse(value) as string) : value
}
