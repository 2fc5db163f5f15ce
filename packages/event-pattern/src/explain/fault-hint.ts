import { editDistance } from './edit-distance.ts'

const OPERATORS = [
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
  'numeric',
  'cidr',
  'exists',
  'anything-but',
]
/** The operators that may stand inside anything-but. */
const EXCLUDING_OPERATORS = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard']
const SLIPS_MAX = 2
/** What other languages of patterns call an operator. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'starts-with': 'prefix',
  startsWith: 'prefix',
  'begins-with': 'prefix',
  'ends-with': 'suffix',
  endsWith: 'suffix',
  contains: 'wildcard',
  like: 'wildcard',
  equalsIgnoreCase: 'equals-ignore-case',
  'ip-address': 'cidr',
  not: 'anything-but',
  'not-equals': 'anything-but',
}

/** What AWS says, up to the place, and what to write instead. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^exists match pattern must be/,
    'write {"exists": true} or {"exists": false}, without quotes around true',
  ],
  [
    /^Value of numeric must be an array/,
    'write {"numeric": ["=", 5]} or {"numeric": [">", 0, "<=", 5]}',
  ],
  [/^Value of \S+ must be numeric/, 'after each comparison stands a number: {"numeric": [">", 5]}'],
  [/^Unrecognized numeric range operator/, 'the comparisons are =, <, <=, > and >='],
  [
    /^Only one key allowed/,
    'give each operator an object of its own in the list; one of them must then fit',
  ],
  [/^Match value must be String/, 'a list holds values and operators, and no list'],
  [/^There must have at least 2 Objects/, 'with one branch, write its fields without $or'],
  [
    /^Only JSON object is allowed in array of \$or/,
    'write "$or": [{"field": [...]}, {"field": [...]}]',
  ],
  [/^It must be an Array followed with \$or/, 'write "$or": [{"field": [...]}, {"field": [...]}]'],
  [/^Unexpected character \(''' /, 'JSON has strings in double quotes only'],
  [/^Unexpected character \('}'.*double-quote to start field name/, 'no comma may stand before }'],
  [/^Unexpected character \('\]'.*expected a valid value/, 'no comma may stand before ]'],
  [/^Unrecognized token '(True|False|None)'/, 'JSON has true, false and null'],
]

/**
 * What probably went wrong in a pattern, or in JSON, that was refused for this reason.
 * @param character the last that was read, where that is known
 */
export function faultHint(reason: string, character: string | undefined): string | undefined {
  const operator = /^Unrecognized match type ([^]*)$/.exec(reason)
  if (operator !== null) return operatorHint(operator[1] ?? '')
  const excluding = /^Unsupported anything-but pattern: ([^]*)$/.exec(reason)
  if (excluding !== null) return excludingHint(excluding[1] ?? '')
  if (character === '"' && /^Value of \S+ must be numeric/.test(reason)) {
    return 'write the number without quotes: {"numeric": [">", 5]}'
  }
  const field = /^("[^]*") must be an object or an array$/.exec(reason)
  if (field !== null) return `a field takes a list, also for one value: ${field[1]}: [...]`
  return HINTS.find(([says]) => says.test(reason))?.[1]
}

function operatorHint(name: string): string {
  const meant = meantOperator(name, OPERATORS)
  return meant === undefined
    ? `an object in a list is an operator: ${OPERATORS.join(', ')}; fields stand in an object without the list`
    : `did you mean "${meant}"?`
}

function excludingHint(name: string): string {
  const meant = meantOperator(name, EXCLUDING_OPERATORS)
  return meant === undefined
    ? `under anything-but stands a value, a list of values, or one of ${EXCLUDING_OPERATORS.join(', ')}`
    : `did you mean "${meant}"?`
}

function meantOperator(name: string, allowed: readonly string[]): string | undefined {
  const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined
  if (other !== undefined && allowed.includes(other)) return other
  return allowed.find((each) => editDistance(each, name.toLowerCase(), SLIPS_MAX) <= SLIPS_MAX)
}
