import { LOTS } from './street-names.data.ts'

/** A rule with the number of lots it matches in the file that event-ruler measures with. */
export interface FamilyRule {
  readonly pattern: object
  readonly expected: number
}

/** Times the speed of `JSON.parse`, for events as bytes. */
export interface Aims {
  readonly careful: number
  readonly trusted: number
}

export interface Family {
  readonly name: string
  readonly rules: readonly FamilyRule[]
  readonly aims: Aims
}

type Expected = readonly [value: string, lots: number]

const properties = (name: string, test: unknown, expected: number): FamilyRule => ({
  pattern: { properties: { [name]: [test] } },
  expected,
})
const geometry = (fields: object, expected: number): FamilyRule => ({
  pattern: { geometry: fields },
  expected,
})

const BLOCK_LOTS: readonly Expected[] = [
  ['1430022', 1],
  ['2607117', 101],
  ['2607218', 35],
  ['3745012', 655],
  ['VACSTWIL', 1],
]
const BLOCK_LOT_WILDCARDS: readonly Expected[] = [
  ['143*', 490],
  ['2*0*1*7', 713],
  ['*218', 43],
  ['3*5*2', 2_540],
  ['VA*IL', 1],
]
const STREET_PREFIXES: readonly Expected[] = [
  ['AC', 24],
  ['BL', 442],
  ['DR', 38],
  ['FU', 2_387],
  ['RH', 328],
]
const STREET_SUFFIXES: readonly Expected[] = [
  ['ON', 17_921],
  ['KE', 871],
  ['MM', 13],
  ['ING', 1_963],
  ['GO', 682],
]
const STREET_NAMES: readonly Expected[] = [
  ['jefferson', 131],
  ['bEaCh', 211],
  ['HyDe', 1_758],
  ['CHESTNUT', 825],
]
const MIDDLE_X = -122.41600944012424
const CORNER_X = -122.42916360922355
const CORNER_Y = 37.729900216217324
const RANGES = [
  [{ numeric: ['<', MIDDLE_X] }],
  [{ numeric: ['>', MIDDLE_X] }],
  [{ numeric: ['>', -122.46471267081272, '<', -122.4063085128395] }],
]

/** "ACton" for "ACTON": letters of both cases, as the rules that ignore it are written. */
const mixedCase = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()

/** Rules that ask for anything but a street, a street, a street's type, a shape and a number. */
function anythingBut(
  values: readonly [string, string, string, string, string],
  test: (value: string) => unknown,
  expected: readonly [number, number, number, number, number],
): readonly FamilyRule[] {
  const but = (index: 0 | 1 | 2 | 3 | 4) => ({ 'anything-but': test(values[index]) })
  return [
    properties('STREET', but(0), expected[0]),
    properties('STREET', but(1), expected[1]),
    properties('ST_TYPE', but(2), expected[2]),
    geometry({ type: [but(3)] }, expected[3]),
    properties('FROM_ST', but(4), expected[4]),
  ]
}

const EXACT_AIMS: Aims = { careful: 6, trusted: 18 }
const CASE_AIMS: Aims = { careful: 5, trusted: 14 }
const RANGE_AIMS: Aims = { careful: 4, trusted: 8 }

/** The rule sets of event-ruler's benchmark, five rules each. */
const SINGLE_FAMILIES: readonly Family[] = [
  {
    name: 'EXACT',
    rules: BLOCK_LOTS.map(([value, lots]) => properties('MAPBLKLOT', value, lots)),
    aims: EXACT_AIMS,
  },
  {
    name: 'WILDCARD',
    rules: BLOCK_LOT_WILDCARDS.map(([wildcard, lots]) =>
      properties('MAPBLKLOT', { wildcard }, lots),
    ),
    aims: EXACT_AIMS,
  },
  {
    name: 'PREFIX',
    rules: STREET_PREFIXES.map(([prefix, lots]) => properties('STREET', { prefix }, lots)),
    aims: EXACT_AIMS,
  },
  {
    name: 'PREFIX_IGNORE_CASE',
    rules: STREET_PREFIXES.map(([text, lots]) =>
      properties('STREET', { prefix: { 'equals-ignore-case': mixedCase(text) } }, lots),
    ),
    aims: CASE_AIMS,
  },
  {
    name: 'SUFFIX',
    rules: STREET_SUFFIXES.map(([suffix, lots]) => properties('STREET', { suffix }, lots)),
    aims: EXACT_AIMS,
  },
  {
    name: 'SUFFIX_IGNORE_CASE',
    rules: STREET_SUFFIXES.map(([text, lots]) =>
      properties('STREET', { suffix: { 'equals-ignore-case': mixedCase(text) } }, lots),
    ),
    aims: CASE_AIMS,
  },
  {
    name: 'EQUALS_IGNORE_CASE',
    rules: [
      ...STREET_NAMES.map(([name, lots]) =>
        properties('STREET', { 'equals-ignore-case': name }, lots),
      ),
      properties('ST_TYPE', { 'equals-ignore-case': 'st' }, 116_386),
    ],
    aims: CASE_AIMS,
  },
  {
    name: 'NUMERIC',
    rules: [
      geometry({ type: ['Polygon'], firstCoordinates: { x: [{ numeric: ['=', CORNER_X] }] } }, 2),
      geometry({ type: ['MultiPolygon'], firstCoordinates: { z: [{ numeric: ['=', 0] }] } }, 120),
      ...RANGES.map((x, index) =>
        geometry({ firstCoordinates: { x } }, [148_948, 64_120, 127_053][index] ?? 0),
      ),
    ],
    aims: RANGE_AIMS,
  },
  {
    name: 'ANYTHING_BUT',
    rules: anythingBut(
      ['FULTON', 'MASON', 'ST', 'Polygon', '441'],
      (value) => [value],
      [211_158, 210_411, 96_682, 120, 210_615],
    ),
    aims: RANGE_AIMS,
  },
  {
    name: 'ANYTHING_BUT_IGNORE_CASE',
    rules: anythingBut(
      ['Fulton', 'Mason', 'st', 'polygon', '441'],
      (value) => ({ 'equals-ignore-case': [value] }),
      [211_158, 210_411, 96_682, 120, 210_615],
    ),
    aims: RANGE_AIMS,
  },
  {
    name: 'ANYTHING_BUT_PREFIX',
    rules: anythingBut(
      ['FULTO', 'MASO', 'S', 'Poly', '44'],
      (prefix) => ({ prefix }),
      [211_158, 210_118, 96_667, 120, 209_091],
    ),
    aims: RANGE_AIMS,
  },
  {
    name: 'ANYTHING_BUT_SUFFIX',
    rules: anythingBut(
      ['ULTON', 'ASON', 'T', 'olygon', '41'],
      (suffix) => ({ suffix }),
      [211_136, 210_411, 94_908, 0, 209_055],
    ),
    aims: RANGE_AIMS,
  },
  {
    name: 'ANYTHING_BUT_WILDCARD',
    rules: BLOCK_LOT_WILDCARDS.map(([wildcard, lots]) =>
      properties('MAPBLKLOT', { 'anything-but': { wildcard } }, LOTS - lots),
    ),
    aims: RANGE_AIMS,
  },
  {
    name: 'COMPLEX_ARRAYS',
    rules: [
      geometry({ type: ['Polygon'], coordinates: { x: [{ numeric: ['=', CORNER_X] }] } }, 218),
      geometry({ type: ['MultiPolygon'], coordinates: { y: [{ numeric: ['=', CORNER_Y] }] } }, 1),
      ...RANGES.map((x, index) =>
        geometry({ coordinates: { x } }, [149_446, 64_368, 127_485][index] ?? 0),
      ),
    ],
    aims: { careful: 1.5, trusted: 1.6 },
  },
]

const notArrays = SINGLE_FAMILIES.filter(({ name }) => name !== 'COMPLEX_ARRAYS')

export const FAMILIES: readonly Family[] = [
  ...SINGLE_FAMILIES,
  {
    name: 'PARTIAL_COMBO',
    rules: notArrays.flatMap(({ rules }) => rules),
    aims: { careful: 2.5, trusted: 3 },
  },
  {
    name: 'COMBO',
    rules: SINGLE_FAMILIES.flatMap(({ rules }) => rules),
    aims: { careful: 1.4, trusted: 1.7 },
  },
]
