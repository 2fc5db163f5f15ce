import { equalsIgnoringCase, foldCase } from '../case-folding.ts'
import { fitsWildcard, parseWildcard } from '../wildcard.ts'
import { editDistance } from './edit-distance.ts'
import { arnSlip } from './arn-slip.ts'
import { lookAlikeSlip } from './look-alike.ts'
import { proposedOperator } from './proposed-entry.ts'
import { quoted, writeWords } from './shortened.ts'

/** A shorter part of a value is as often there by chance. */
const PART_CHARACTERS_MIN = 3
/** In a shorter word one letter makes another word. */
const SLIP_CHARACTERS_MIN = 5
const SLIP_CHARACTERS_MAX = 64
const SLIP_LETTERS_MAX = 1
const CIDR_BLOCK = /^[0-9a-fA-F.:]+\/\d{1,3}$/

/** What probably went wrong where a string was wanted, and the event has another one. */
export function stringSlip(found: string, wanted: string, path: string): string | undefined {
  if (wanted === '' || found === '') return undefined
  if (path === 'source' && found === `aws.${wanted}`) {
    return `sources of AWS services start with "aws.": ${writeWords(found)}`
  }
  return (
    letterCaseSlip(found, wanted) ??
    spaceSlip(found, wanted) ??
    lookAlikeSlip(found, wanted) ??
    starSlip(found, wanted) ??
    blockSlip(found, wanted) ??
    partSlip(found, wanted) ??
    letterSlip(found, wanted) ??
    arnSlip(found, wanted)
  )
}

function letterCaseSlip(found: string, wanted: string): string | undefined {
  if (!equalsIgnoringCase(found, foldCase(wanted))) return undefined
  const operator = proposedOperator('equals-ignore-case', wanted, found)
  const otherwise = operator === undefined ? '' : `, or ${operator}`
  return `only the letter case differs: ${writeWords(found)}${otherwise}`
}

function spaceSlip(found: string, wanted: string): string | undefined {
  if (found.trim() !== wanted.trim()) return undefined
  const culprits = [
    ...(found.trim() === found ? [] : ["the event's value"]),
    ...(wanted.trim() === wanted ? [] : ["the pattern's"]),
  ]
  return `only white space around it differs, in ${culprits.join(' and ')}: ${writeWords(found)}`
}

/** A star, or what means the same in a regular expression, in a text that is compared as it is. */
function starSlip(found: string, wanted: string): string | undefined {
  if (!wanted.includes('*')) return undefined
  const operator = proposedOperator('wildcard', wanted, found)
  if (operator !== undefined) return `a star is a plain character here: use ${operator}`
  const plain = wanted
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replaceAll(/(?<!\\)\.[*+]/g, '*')
    .replaceAll(/\\(?=[^*\\])/g, '')
  const translated = plain === wanted ? undefined : proposedOperator('wildcard', plain, found)
  return translated && `event patterns have no regular expressions: use ${translated}`
}

function blockSlip(found: string, wanted: string): string | undefined {
  if (!CIDR_BLOCK.test(wanted)) return undefined
  const operator = proposedOperator('cidr', wanted, found)
  return operator && `a block of addresses needs its operator: use ${operator}`
}

function partSlip(found: string, wanted: string): string | undefined {
  if (wanted.length < PART_CHARACTERS_MIN) return undefined
  const part = partOf(found, wanted)
  return part && `the value ${part.verb} it, and the whole is compared: use ${part.operator}`
}

/** Other digits make another id, region or version rather than a slip. */
function letterSlip(found: string, wanted: string): string | undefined {
  const shorter = Math.min(found.length, wanted.length)
  const longer = Math.max(found.length, wanted.length)
  if (shorter < SLIP_CHARACTERS_MIN || longer > SLIP_CHARACTERS_MAX) return undefined
  if (digitsOf(found) !== digitsOf(wanted)) return undefined
  if (editDistance(found, wanted, SLIP_LETTERS_MAX) > SLIP_LETTERS_MAX) return undefined
  return `one letter differs: did you mean ${quoted(found)}?`
}

function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '')
}

/** Where the value has the text, and the operator for that place. */
export function partOf(
  found: string,
  wanted: string,
): { readonly verb: string; readonly operator: string } | undefined {
  const places = [
    ['starts with', 'prefix', wanted],
    ['ends with', 'suffix', wanted],
    ['contains', 'wildcard', `*${escaped(wanted)}*`],
  ] as const
  if (!found.includes(wanted)) return undefined
  for (const [verb, name, operand] of places) {
    const operator = proposedOperator(name, operand, found)
    if (operator !== undefined) return { verb, operator }
  }
  return undefined
}

/** Whether the value fits a text taken as a wildcard; a text that is none fits nothing. */
export function wildcardFits(value: string, text: string): boolean {
  const parsed = parseWildcard(text)
  return 'wildcard' in parsed && fitsWildcard(value, parsed.wildcard)
}

/** The text as a wildcard that fits only itself. */
function escaped(text: string): string {
  return text.replaceAll(/[\\*]/g, String.raw`\$&`)
}
