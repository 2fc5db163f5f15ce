import { between, createRandom, weighted } from './random.ts'
import type { Random } from './random.ts'
import { LOTS, STREETS } from './street-names.data.ts'

/** Where rules ask for one exact coordinate, these lots have it. */
const CORNER_X = -122.42916360922355
const CORNER_Y = 37.729900216217324

const LOT_DEGREES = 0.000_3
const FIRST_CORNERS = 5
const MORE_CORNERS_MEAN = 6.2
const CORNERS_MAX = 60

const street = weighted(STREETS)
const streetType = weighted<string | null>([
  ['ST', 116_386],
  ['AVE', 70_000],
  ['DR', 6_500],
  ['WAY', 5_200],
  ['BLVD', 4_300],
  ['TER', 3_600],
  [null, 3_000],
  ['LN', 2_293],
  ['CT', 1_774],
  ['SQ', 15],
])
/** Longitudes: the limits are those of the numeric rules, which split the lots as published. */
const longitudes = weighted([
  [[-122.515, -122.46471267081272], 41_131],
  [[-122.46471267081272, -122.41600944012424], 107_817],
  [[-122.41600944012424, -122.4063085128395], 19_236],
  [[-122.4063085128395, -122.375], 44_884],
] as const)
const listedLot = weighted<string | undefined>([
  ['3745012', 655],
  ['2607117', 101],
  ['2607218', 35],
  ['1430022', 1],
  ['VACSTWIL', 1],
  [undefined, LOTS - 793],
])

/**
 * Events like the lots of San Francisco that event-ruler measures with: the same fields, about as
 * long, and as many for each of its rules. The real file is 180 MB.
 */
export function cityLots(count: number, seed: number): readonly string[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, index) => JSON.stringify(lot(random, index)))
}

function lot(random: Random, index: number): object {
  const block = random() < 0.75 ? between(random, 1, 4_000) : between(random, 4_000, 7_400)
  const blockNumber = String(block).padStart(4, '0')
  const lotNumber = String(1 + Math.floor(random() ** 2 * 120)).padStart(3, '0')
  const blockLot = blockNumber + lotNumber
  // A sample of the file would seldom have the two lots that are there once.
  const listed = ['VACSTWIL', '1430022'][index] ?? listedLot(random)
  const from = fromStreet(random)
  return {
    type: 'Feature',
    properties: {
      MAPBLKLOT: listed ?? blockLot,
      BLKLOT: blockLot,
      BLOCK_NUM: blockNumber,
      LOT_NUM: lotNumber,
      FROM_ST: from,
      TO_ST: from === null || random() < 0.8 ? from : String(Number(from) + 2),
      STREET: street(random),
      ST_TYPE: streetType(random),
      ODD_EVEN: random() < 0.5 ? 'E' : 'O',
    },
    geometry: geometry(random),
  }
}

function fromStreet(random: Random): string | null {
  const at = random() * LOTS
  if (at < 2_100) return '441'
  if (at < 2_900) return String(between(random, 440, 450))
  if (at < 6_000) return null
  return String(1 + Math.floor(random() ** 2 * 4_000))
}

interface Corner {
  readonly x: number
  readonly y: number
  readonly z: number
}

function geometry(random: Random): object {
  const at = random() * LOTS
  if (at < 120) {
    const [first, second] = [ring(random), ring(random)]
    return { type: 'MultiPolygon', coordinates: [first, second], firstCoordinates: first[0] }
  }
  const corners = ring(random)
  return { type: 'Polygon', coordinates: corners, firstCoordinates: corners[0] }
}

function ring(random: Random): readonly Corner[] {
  const [west, east] = longitudes(random)
  const centre = { x: west + random() * (east - west), y: 37.708 + random() * 0.102 }
  const more = Math.floor(-Math.log(1 - random()) * MORE_CORNERS_MEAN)
  const count = Math.min(FIRST_CORNERS - 1 + more, CORNERS_MAX)
  const corners = Array.from({ length: count }, (_, index) => ({
    // The first corner stands where the longitudes say.
    x: index === 0 ? centre.x : centre.x + (random() - 0.5) * LOT_DEGREES,
    y: centre.y + (random() - 0.5) * LOT_DEGREES,
    z: 0,
  }))
  const [first, second, ...others] = corners as [Corner, Corner, ...Corner[]]
  const at = random() * LOTS
  const start = at < 2 ? { ...first, x: CORNER_X } : first
  const next = at >= 2 && at < 218 ? { ...second, x: CORNER_X } : second
  const last = at >= 218 && at < 219 ? { ...second, y: CORNER_Y } : next
  return [start, last, ...others, start]
}
