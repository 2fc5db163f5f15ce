import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { OpenFresh } from './adapter.contract.ts'
import { collection } from './state.ts'
import type { State, StateChange } from './state.ts'

const COUNTERS = collection<number>('counters')
const DOCUMENTS = collection<unknown>('documents')

/** What every adapter of the port State keeps to. */
export function stateContract(open: OpenFresh<State>): void {
  const put = (state: State, key: string, value: unknown) =>
    state.transact(async (transaction) => transaction.put(DOCUMENTS, key, value))
  const remove = (state: State, key: string) =>
    state.transact(async (transaction) => transaction.delete(DOCUMENTS, key))

  describe('state: documents', () => {
    it('are what was put last, until they are deleted', async () => {
      const { port: state } = await open()
      expect(await state.get(DOCUMENTS, 'k')).toBeUndefined()
      await put(state, 'k', { a: 1 })
      await put(state, 'k', { a: 2 })
      expect(await state.get(DOCUMENTS, 'k')).toEqual({ a: 2 })
      await remove(state, 'k')
      expect(await state.get(DOCUMENTS, 'k')).toBeUndefined()
      await remove(state, 'k')
    })

    it('come back as the JSON that went in', async () => {
      const { port: state } = await open()
      // JSON.parse of Node 24.21 takes one key for another when a backslash ends the first.
      const values = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('\\\\'))
      await fc.assert(
        fc.asyncProperty(values, async (value) => {
          await put(state, 'k', { value })
          expect(JSON.stringify(await state.get(DOCUMENTS, 'k'))).toBe(JSON.stringify({ value }))
        }),
        { numRuns: 50 },
      )
    })

    it('of one collection are not those of another', async () => {
      const { port: state } = await open()
      await put(state, 'k', 'document')
      await state.transact(async (transaction) => transaction.put(COUNTERS, 'k', 1))
      await remove(state, 'k')
      expect(await state.get(COUNTERS, 'k')).toBe(1)
    })

    it('are still there after a restart', async () => {
      const { port, restart } = await open()
      await put(port, 'k', ['v'])
      await put(port, 'gone', 1)
      await remove(port, 'gone')
      const state = await restart()
      expect(await state.list(DOCUMENTS, { limit: 10 })).toEqual([{ key: 'k', value: ['v'] }])
    })
  })

  describe('state: lists', () => {
    /** U+FF61 sorts behind U+10000 as UTF-16 and before it as bytes. */
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', '|', '~', 'é', '｡', '𐀀'),
      maxLength: 4,
    })
    const keys = fc.uniqueArray(
      key.filter((text) => text !== ''),
      { maxLength: 12 },
    )

    it('hold the keys with a prefix, after a key, in the order of their bytes', async () => {
      const { port: state } = await open()
      let round = 0
      await fc.assert(
        fc.asyncProperty(keys, key, key, fc.integer({ min: 1, max: 15 }), async (...given) => {
          const [stored, prefix, after, limit] = given
          const from = collection<string>(`list ${(round += 1)}`)
          await state.transact(async (transaction) => {
            for (const text of stored) transaction.put(from, text, text)
          })
          const expected = stored
            .filter((text) => text.startsWith(prefix) && inByteOrder(text, after) > 0)
            .toSorted(inByteOrder)
            .slice(0, limit)
          const listed = await state.list(from, { prefix, after, limit })
          expect(listed).toEqual(expected.map((text) => ({ key: text, value: text })))
        }),
        { numRuns: 100 },
      )
    })

    it('read page by page hold every document once', async () => {
      const { port: state } = await open()
      const all = Array.from({ length: 25 }, (_, index) => `p|${String(index).padStart(2, '0')}`)
      await state.transact(async (transaction) => {
        for (const text of ['o', ...all, 'q']) transaction.put(DOCUMENTS, text, 1)
      })
      const seen: string[] = []
      for (let after = ''; ;) {
        const page = await state.list(DOCUMENTS, { prefix: 'p|', after, limit: 4 })
        seen.push(...page.map((document) => document.key))
        if (page.length < 4) break
        after = seen.at(-1) as string
      }
      expect(seen).toEqual(all)
    })
  })

  describe('state: transactions', () => {
    it('write all of their documents or, when the body throws, none', async () => {
      const { port: state } = await open()
      const fault = new Error('no')
      const failing = state.transact(async (transaction) => {
        transaction.put(DOCUMENTS, 'a', 1)
        transaction.put(DOCUMENTS, 'b', 1)
        throw fault
      })
      await expect(failing).rejects.toBe(fault)
      expect(await state.list(DOCUMENTS, { limit: 10 })).toEqual([])
    })

    it('answer what their body answers, and read their own writes', async () => {
      const { port: state } = await open()
      await put(state, 'old', 1)
      const answer = await state.transact(async (transaction) => {
        transaction.put(DOCUMENTS, 'new', 2)
        transaction.delete(DOCUMENTS, 'old')
        return [await transaction.get(DOCUMENTS, 'new'), await transaction.get(DOCUMENTS, 'old')]
      })
      expect(answer).toEqual([2, undefined])
      expect(await state.get(DOCUMENTS, 'old')).toBeUndefined()
    })

    it('show nothing to others before they commit', async () => {
      const { port: state } = await open()
      await state.transact(async (transaction) => {
        transaction.put(DOCUMENTS, 'k', 1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        expect(await state.get(DOCUMENTS, 'k')).toBeUndefined()
      })
      expect(await state.get(DOCUMENTS, 'k')).toBe(1)
    })

    it('lose no increment, however many run at once', async () => {
      const { port: state } = await open()
      const increment = () =>
        state.transact(async (transaction) => {
          const before = (await transaction.get(COUNTERS, 'n')) ?? 0
          transaction.put(COUNTERS, 'n', before + 1)
          return before
        })
      const befores = await Promise.all(Array.from({ length: 200 }, increment))
      expect(await state.get(COUNTERS, 'n')).toBe(200)
      expect(befores.toSorted((a, b) => a - b)).toEqual(befores.map((_, index) => index))
    })

    it('that move amounts between documents never change their sum', async () => {
      const { port: state } = await open()
      const names = ['a', 'b', 'c']
      await state.transact(async (transaction) => {
        for (const name of names) transaction.put(COUNTERS, name, 100)
      })
      const move = fc.record({
        from: fc.constantFrom(...names),
        to: fc.constantFrom(...names),
        amount: fc.integer({ min: 1, max: 50 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(move, { maxLength: 20 }), async (moves) => {
          await Promise.all(
            moves.map(({ from, to, amount }) =>
              state.transact(async (transaction) => {
                const has = (await transaction.get(COUNTERS, from)) as number
                if (has < amount) return
                transaction.put(COUNTERS, from, has - amount)
                const other = (await transaction.get(COUNTERS, to)) as number
                transaction.put(COUNTERS, to, other + amount)
              }),
            ),
          )
          const held = await Promise.all(names.map((name) => state.get(COUNTERS, name)))
          expect(held.reduce<number>((sum, amount) => sum + (amount as number), 0)).toBe(300)
          expect(Math.min(...(held as number[]))).toBeGreaterThanOrEqual(0)
        }),
        { numRuns: 20 },
      )
    })

    it.each<[string, (state: State) => Promise<unknown>]>([
      ['was changed', (state) => put(state, 'read', 'changed')],
      ['was deleted', (state) => remove(state, 'read')],
      [
        'was deleted and made again with the same content',
        async (state) => {
          await remove(state, 'read')
          await put(state, 'read', 'first')
        },
      ],
    ])('run again when a document that they only read %s meanwhile', async (_what, meddle) => {
      const { port: state } = await open()
      await put(state, 'read', 'first')
      let runs = 0
      await state.transact(async (transaction) => {
        runs += 1
        const seen = await transaction.get(DOCUMENTS, 'read')
        if (runs === 1) await meddle(state)
        transaction.put(DOCUMENTS, 'copy', { seen })
      })
      expect(runs).toBe(2)
      const seen = await state.get(DOCUMENTS, 'read')
      expect(await state.get(DOCUMENTS, 'copy')).toEqual(seen === undefined ? {} : { seen })
    })

    it('run again when a document that they missed was made meanwhile', async () => {
      const { port: state } = await open()
      const claim = (owner: string, before: () => Promise<unknown>) =>
        state.transact(async (transaction) => {
          const taken = await transaction.get(DOCUMENTS, 'name')
          await before()
          if (taken !== undefined) return false
          transaction.put(DOCUMENTS, 'name', owner)
          return true
        })
      let meddled = false
      const slow = await claim('slow', async () => {
        if (meddled) return
        meddled = true
        expect(await claim('fast', async () => undefined)).toBe(true)
      })
      expect(slow).toBe(false)
      expect(await state.get(DOCUMENTS, 'name')).toBe('fast')
    })

    it('run once when only other documents changed', async () => {
      const { port: state } = await open()
      let runs = 0
      await state.transact(async (transaction) => {
        runs += 1
        await transaction.get(DOCUMENTS, 'mine')
        await put(state, 'other', 1)
        transaction.put(DOCUMENTS, 'mine', 1)
      })
      expect(runs).toBe(1)
    })
  })

  describe('state: watchers', () => {
    it('are told after each commit what it left behind', async () => {
      const { port: state } = await open()
      await put(state, 'old', 1)
      const told: (readonly StateChange[])[] = []
      const seenThen: Promise<unknown>[] = []
      state.watch((changes) => {
        told.push(changes)
        seenThen.push(state.get(DOCUMENTS, 'new'))
      })
      await state.transact(async (transaction) => {
        transaction.put(DOCUMENTS, 'new', 1)
        transaction.put(DOCUMENTS, 'new', 2)
        transaction.delete(DOCUMENTS, 'old')
        await new Promise((resolve) => setTimeout(resolve, 5))
        expect(told).toEqual([])
      })
      expect(told).toEqual([
        [
          { collection: 'documents', key: 'new', value: 2 },
          { collection: 'documents', key: 'old', value: undefined },
        ],
      ])
      expect(await Promise.all(seenThen)).toEqual([2])
    })

    it('hear nothing of what was not written, and nothing once they have stopped', async () => {
      const { port: state } = await open()
      const told: (readonly StateChange[])[] = []
      const stop = state.watch((changes) => told.push(changes))
      await state.transact(async (transaction) => transaction.get(DOCUMENTS, 'k'))
      const failing = state.transact(async (transaction) => {
        transaction.put(DOCUMENTS, 'k', 1)
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(told).toEqual([])
      stop()
      await put(state, 'k', 1)
      expect(told).toEqual([])
    })

    it('hear of a change once, although its transaction ran twice', async () => {
      const { port: state } = await open()
      await put(state, 'read', 1)
      const keys: string[] = []
      state.watch((changes) => keys.push(...changes.map((change) => change.key)))
      let runs = 0
      await state.transact(async (transaction) => {
        runs += 1
        await transaction.get(DOCUMENTS, 'read')
        if (runs === 1) await put(state, 'read', 2)
        transaction.put(DOCUMENTS, `written in run ${runs}`, 1)
      })
      expect(keys).toEqual(['read', 'written in run 2'])
    })
  })
}

function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
