import { expect, test } from 'vitest'
import { editDistance } from './edit-distance.ts'

test.each([
  ['', '', 0],
  ['state', 'state', 0],
  ['stat', 'state', 1],
  ['sttae', 'state', 1],
  ['stage', 'state', 2],
  ['State', 'stat', 3],
  ['running', 'stopped', 3],
  ['a', 'abcdefg', 3],
])('from "%s" to "%s" it takes %i, where more than 2 are 3', (left, right, distance) => {
  expect(editDistance(left, right, 2)).toBe(distance)
})
