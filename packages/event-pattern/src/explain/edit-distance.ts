/**
 * How many letters to add, leave out or swap with their neighbour turn one text into the other, or
 * `limit + 1` when it takes more than `limit`. A letter in place of another counts as two: it makes
 * another word more often than a slip, such as "state" of "stage".
 */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let at = 1; at <= right.length; at++) {
      const isSame = left[row - 1] === right[at - 1]
      const isSwapped = left[row - 1] === right[at - 2] && left[row - 2] === right[at - 1]
      current.push(
        Math.min(
          cost(last, at) + 1,
          cost(current, at - 1) + 1,
          cost(last, at - 1) + (isSame ? 0 : 2),
          row > 1 && at > 1 && isSwapped ? cost(beforeLast, at - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    if (Math.min(...current) > limit) return limit + 1
    beforeLast = last
    last = current
  }
  return Math.min(cost(last, right.length), limit + 1)
}

function cost(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY
}
