import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { OpenFresh } from './adapter.contract.ts'
import type { BatchLog } from './batch-log.ts'

const APPENDED_AT = 1_750_000_000_000

/** What every adapter of the port BatchLog keeps to. */
export function batchLogContract(open: OpenFresh<BatchLog>): void {
  const bytesOf = (text: string) => new TextEncoder().encode(text)
  const textOf = (data: Uint8Array) => new TextDecoder().decode(data)
  const append = (log: BatchLog, text: string) => log.append(bytesOf(text), APPENDED_AT)

  describe('batch log', () => {
    it('is empty at first', async () => {
      const { port: log } = await open()
      expect(await log.lastSequence()).toBe(0)
      expect(await log.read(0, 10)).toEqual([])
    })

    it('numbers batches from 1 in the order in which they were appended, without gaps', async () => {
      const { port: log } = await open()
      const texts = Array.from({ length: 60 }, (_, index) => `batch ${index + 1}`)
      const sequences = await Promise.all(texts.map((text) => append(log, text)))
      expect(sequences).toEqual(texts.map((_, index) => index + 1))
      const stored = await log.read(0, 1_000)
      expect(stored.map(({ sequence }) => sequence)).toEqual(sequences)
      expect(stored.map(({ data }) => textOf(data))).toEqual(texts)
      expect(await log.lastSequence()).toBe(60)
    })

    it('shows a batch as soon as its append has resolved', async () => {
      const { port: log } = await open()
      for (const text of ['a', 'b', 'c']) {
        const sequence = await append(log, text)
        expect(await log.lastSequence()).toBe(sequence)
        expect((await log.read(sequence - 1, 1)).map(({ data }) => textOf(data))).toEqual([text])
      }
    })

    it('reads on after a sequence, no more than was asked for', async () => {
      const { port: log } = await open()
      await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => append(log, text)))
      const read = async (after: number, limit: number) =>
        (await log.read(after, limit)).map(({ sequence }) => sequence)
      expect(await read(0, 2)).toEqual([1, 2])
      expect(await read(2, 2)).toEqual([3, 4])
      expect(await read(4, 2)).toEqual([5])
      expect(await read(5, 2)).toEqual([])
      expect(await read(99, 2)).toEqual([])
    })

    it('reads no further than enough bytes, and a batch that is larger whole', async () => {
      const { port: log } = await open()
      for (const text of ['aaa', 'bbb', 'ccc', 'ddddddddd', 'e']) await append(log, text)
      const read = async (after: number, enoughBytes: number) =>
        (await log.read(after, 10, enoughBytes)).map(({ sequence }) => sequence)
      expect(await read(0, 6)).toEqual([1, 2])
      expect(await read(0, 7)).toEqual([1, 2, 3])
      expect(await read(3, 1)).toEqual([4])
      expect(await read(4, 100)).toEqual([5])
    })

    it('gives back the bytes as they were, also of a part of a larger buffer', async () => {
      const { port: log } = await open()
      const parts = fc
        .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20))
        .map(([bytes, start, cut]) => bytes.subarray(start, Math.max(start, bytes.length - cut)))
      await fc.assert(
        fc.asyncProperty(parts, async (part) => {
          const expected = [...part]
          const sequence = await log.append(part, APPENDED_AT)
          const [stored] = await log.read(sequence - 1, 1)
          expect([...(stored?.data ?? [])]).toEqual(expected)
        }),
        { numRuns: 50 },
      )
    })

    it('leaves what else lies in the buffer of a batch to the caller', async () => {
      const { port: log } = await open()
      const buffer = bytesOf('one,other')
      await log.append(buffer.subarray(0, 3), APPENDED_AT)
      await log.append(buffer.subarray(4), APPENDED_AT)
      expect((await log.read(0, 10)).map(({ data }) => textOf(data))).toEqual(['one', 'other'])
    })

    it('keeps a batch of several megabytes whole', async () => {
      const { port: log } = await open()
      const bytes = new Uint8Array(5 * 1024 * 1024).map((_, index) => index % 251)
      const expected = bytes.slice()
      await log.append(bytes, APPENDED_AT)
      const [stored] = await log.read(0, 1)
      expect(Buffer.compare(stored?.data ?? new Uint8Array(), expected)).toBe(0)
    })

    it('has everything after a restart and counts on', async () => {
      const { port, restart } = await open()
      await append(port, 'before')
      await append(port, 'also before')
      const log = await restart()
      expect(await log.lastSequence()).toBe(2)
      expect(await append(log, 'after')).toBe(3)
      const texts = (await log.read(0, 10)).map(({ data }) => textOf(data))
      expect(texts).toEqual(['before', 'also before', 'after'])
    })
  })
}
