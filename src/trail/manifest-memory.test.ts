import { expect, it } from 'vitest'

import { rememberingManifests } from './manifest-memory.ts'

it('reads a manifest once, and forgets the oldest when all together list too much', async () => {
  const reads: number[] = []
  const read = rememberingManifests(
    async (sequence) => {
      reads.push(sequence)
      return sequence
    },
    () => 20_000,
  )
  const ask = (...sequences: readonly number[]) => Promise.all(sequences.map(read))
  expect(await ask(1, 1, 2, 1)).toEqual([1, 1, 2, 1])
  expect(reads).toEqual([1, 2])
  await ask(3)
  await ask(2, 3)
  expect(reads).toEqual([1, 2, 3])
  await ask(1)
  expect(reads).toEqual([1, 2, 3, 1])
})
