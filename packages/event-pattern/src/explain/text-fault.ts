import type { InvalidEventPatternError } from '../errors.ts'
import type { TextFault } from './explanation.ts'
import { faultHint } from './fault-hint.ts'

// The end of every place in AWS's messages; what it quotes before may hold anything.
const PLACE_AT_END = /; line: (\d+), column: (\d+)\]$/
const LOCATION_START = '\n at [Source: (String)"'
const START_MARKER = /\[Source: \(String\)"[^]*; line: (\d+), column: (\d+)\]/
const ENDS_TOO_EARLY = 'Unexpected end-of-input'

/** Takes the error's message apart: the reason, the place as numbers, and what to do. */
export function textFault(error: InvalidEventPatternError): TextFault {
  return faultOf(error.message)
}

/** Takes a message apart that ends with AWS's form of a place, which quotes the whole text. */
export function faultOf(message: string): TextFault {
  const place = PLACE_AT_END.exec(message)
  const start = message.indexOf(LOCATION_START)
  const reason = (start < 0 ? message : message.slice(0, start)).replace(
    START_MARKER,
    'line $1, column $2',
  )
  const found = place === null ? undefined : placeOf(place, reason)
  const quoted = message.slice(start + LOCATION_START.length, place?.index)
  const hint = faultHint(reason, found && characterAt(quoted, found))
  return { reason, ...(hint !== undefined && { hint }), ...found }
}

type Place = { readonly line: number; readonly column: number }

function placeOf(place: RegExpExecArray, reason: string): Place {
  const column = Number(place[2])
  const isBehind = column > 1 && !reason.startsWith(ENDS_TOO_EARLY)
  return { line: Number(place[1]), column: isBehind ? column - 1 : column }
}

/** The character there, where the quoted start of the text reaches so far. */
function characterAt(quoted: string, { line, column }: Place): string | undefined {
  const text = quoted.slice(0, quoted.lastIndexOf('"'))
  return text.split(/\r\n|\r|\n/)[line - 1]?.[column - 1]
}
