import { equalsIgnoringCase, foldCase } from '../case-folding.ts'
import { cidrRange, addressDigits, rangeHolds } from '../ip-address.ts'
import { fitsWildcard, parseWildcard } from '../wildcard.ts'
import { editDistance } from './edit-distance.ts'
import { quoted, writtenOperator } from './shortened.ts'

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
    return `sources of AWS services start with "aws.": write ${quoted(found)}`
  }
  return (
    letterCaseSlip(found, wanted) ??
    spaceSlip(found, wanted) ??
    starSlip(found, wanted) ??
    blockSlip(found, wanted) ??
    partSlip(found, wanted) ??
    letterSlip(found, wanted)
  )
}

function letterCaseSlip(found: string, wanted: string): string | undefined {
  if (!equalsIgnoringCase(found, foldCase(wanted))) return undefined
  return `only the letter case differs: write ${quoted(found)}, or ${writtenOperator('equals-ignore-case', wanted)}`
}

function spaceSlip(found: string, wanted: string): string | undefined {
  if (found.trim() !== wanted.trim()) return undefined
  const culprits = [
    ...(found.trim() === found ? [] : ["the event's value"]),
    ...(wanted.trim() === wanted ? [] : ["the pattern's"]),
  ]
  return `only white space around it differs, in ${culprits.join(' and ')}: write ${quoted(found)}`
}

/** A star, or what means the same in a regular expression, in a text that is compared as it is. */
function starSlip(found: string, wanted: string): string | undefined {
  const isFit = (text: string) => wildcardFits(found, text)
  if (!wanted.includes('*')) return undefined
  if (isFit(wanted)) {
    return `a star is a plain character here: use ${writtenOperator('wildcard', wanted)}`
  }
  const plain = wanted
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replaceAll(/(?<!\\)\.[*+]/g, '*')
    .replaceAll(/\\(?=[^*\\])/g, '')
  if (plain === wanted || !isFit(plain)) return undefined
  return `event patterns have no regular expressions: use ${writtenOperator('wildcard', plain)}`
}

function blockSlip(found: string, wanted: string): string | undefined {
  const digits = addressDigits(found)
  if (digits === undefined || !CIDR_BLOCK.test(wanted)) return undefined
  try {
    if (!rangeHolds(cidrRange(wanted), digits)) return undefined
  } catch {
    return undefined
  }
  return `a block of addresses needs its operator: use ${writtenOperator('cidr', wanted)}`
}

function partSlip(found: string, wanted: string): string | undefined {
  if (wanted.length < PART_CHARACTERS_MIN) return undefined
  if (found.startsWith(wanted)) {
    return `the value starts with it, and the whole is compared: use ${writtenOperator('prefix', wanted)}`
  }
  if (found.endsWith(wanted)) {
    return `the value ends with it, and the whole is compared: use ${writtenOperator('suffix', wanted)}`
  }
  if (!found.includes(wanted)) return undefined
  const inside = `*${escaped(wanted)}*`
  return `the value contains it, and the whole is compared: use ${writtenOperator('wildcard', inside)}`
}

/** Digits make another id, region or version rather than a slip. */
function letterSlip(found: string, wanted: string): string | undefined {
  const shorter = Math.min(found.length, wanted.length)
  const longer = Math.max(found.length, wanted.length)
  if (shorter < SLIP_CHARACTERS_MIN || longer > SLIP_CHARACTERS_MAX) return undefined
  if (/\d/.test(found + wanted)) return undefined
  if (editDistance(found, wanted, SLIP_LETTERS_MAX) > SLIP_LETTERS_MAX) return undefined
  return `one letter differs: did you mean ${quoted(found)}?`
}

/** Whether the value fits a text taken as a wildcard; a text that is none fits nothing. */
export function wildcardFits(value: string, text: string): boolean {
  const parsed = parseWildcard(text)
  return 'wildcard' in parsed && fitsWildcard(value, parsed.wildcard)
}

/** The text as a wildcard that fits only itself. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\*]/g, String.raw`\$&`)
}
