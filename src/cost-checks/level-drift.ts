/**
 * How the level of a series moves, read off how far weeks differ that are so and so far apart (their
 * variogram): noise makes all pairs of weeks differ alike, while a level that wanders makes those
 * differ more that are further apart. So noise, however great, is not taken for movement. Weeks are
 * compared by the logarithms of their sums, which no weekday touches.
 */
export interface LevelDrift {
  /** What a week differs by from the one before: as much of the growth as is beyond doubt. */
  readonly growth: number
  /** How uncertain that is. */
  readonly growthVariance: number
  /** What the level moves by in a week besides, up or down. */
  readonly wanderingVariance: number
}

const WEEK = 7
/** Pairs of weeks that are further apart are few, and alike. */
const WEEKS_APART_MAX = 8
const WEEKS_MIN = 2 * WEEKS_APART_MAX
/** Growth within two standard deviations of nothing is taken for nothing; so is what has ended. */
const DOUBTED_DEVIATIONS = 2
/** In units of the currency; no cost that anybody looks at is smaller. */
export const AMOUNT_MIN = 0.001

/**
 * @param costs of days that follow each other, of which the first `known` are looked at
 * @returns undefined where there are too few weeks
 */
export function levelDrift(costs: readonly number[], known: number): LevelDrift | undefined {
  const weeks = weeksOf(costs, known)
  if (weeks.length < WEEKS_MIN) return undefined
  const steps = weeks.length - 1
  const growth = ((weeks[steps] ?? 0) - (weeks[0] ?? 0)) / steps
  const differences = Array.from({ length: WEEKS_APART_MAX }, (_, at) => {
    const apart = at + 1
    const found = weeks.slice(apart).map((week, from) => week - (weeks[from] ?? 0) - apart * growth)
    return meanOf(found.map((one) => one ** 2))
  })
  const { noise, wandering } = variogramOf(differences)
  const growthVariance = (noise + wandering * steps) / steps ** 2
  const doubt = Math.max(DOUBTED_DEVIATIONS ** 2 * growthVariance, bendOf(weeks) ** 2)
  return {
    growth: growth === 0 ? 0 : growth * Math.max(0, 1 - doubt / growth ** 2),
    growthVariance,
    wanderingVariance: wandering,
  }
}

/** The variance, in logarithms, of what so many days cost altogether, by what the level does. */
export function varianceOfLevel(drift: LevelDrift, days: number): number {
  const weeks = days / WEEK
  // The mean of a random walk, and of a line from its beginning to its end.
  return (drift.wanderingVariance * weeks) / 3 + (drift.growthVariance * weeks ** 2) / 4
}

/** The oldest first. */
function weeksOf(costs: readonly number[], known: number): readonly number[] {
  const count = Math.floor(known / WEEK)
  return Array.from({ length: count }, (_, at) => {
    const start = known - (count - at) * WEEK
    const total = costs.slice(start, start + WEEK).reduce((sum, cost) => sum + cost, 0)
    return Math.log(Math.max(total, AMOUNT_MIN))
  })
}

/** By how much the later half grew more than the earlier one; what slows down is not drawn out. */
function bendOf(weeks: readonly number[]): number {
  const last = weeks.length - 1
  const middle = last >> 1
  const [start = 0, half = 0, end = 0] = [weeks[0], weeks[middle], weeks[last]]
  return (end - half) / (last - middle) - (half - start) / middle
}

/** The line of least squares through variances of 1, 2, … weeks apart; neither part is negative. */
function variogramOf(variances: readonly number[]) {
  const middle = (variances.length + 1) / 2
  const mean = meanOf(variances)
  const slope =
    meanOf(variances.map((one, at) => (at + 1 - middle) * (one - mean))) /
    meanOf(variances.map((_, at) => (at + 1 - middle) ** 2))
  const wandering = Math.min(Math.max(0, slope), mean / middle)
  return { wandering, noise: mean - wandering * middle }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length
}
