import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { OpenFresh } from './adapter.contract.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'

/** What every adapter of the port ObjectStore keeps to. */
export function objectStoreContract(open: OpenFresh<ObjectStore>): void {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const textOf = async (store: ObjectStore, key: string) => {
    const found = await store.get(key)
    return found === undefined ? undefined : Buffer.from(found).toString()
  }
  const keysOf = async (store: ObjectStore, prefix: string) =>
    (await allOf(store, prefix)).map(({ key }) => key)

  describe('objects', () => {
    it('are what was put last, until they are deleted', async () => {
      const { port: store } = await open()
      expect(await store.get('a/b.txt')).toBeUndefined()
      await store.put('a/b.txt', bytes('one'))
      await store.put('a/b.txt', bytes('two'))
      expect(await textOf(store, 'a/b.txt')).toBe('two')
      await store.delete('a/b.txt')
      expect(await store.get('a/b.txt')).toBeUndefined()
      await store.delete('a/b.txt')
    })

    it('come back byte for byte, the empty one too, and after a restart', async () => {
      const { port, restart } = await open()
      const all = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256)
      await port.put('day=2026-01-31/all.bin', all)
      await port.put('empty', new Uint8Array())
      const store = await restart()
      const found = await store.get('day=2026-01-31/all.bin')
      expect(Buffer.from(found ?? []).equals(all)).toBe(true)
      expect(await store.get('empty')).toHaveLength(0)
    })

    it('are put once where that is asked for', async () => {
      const { port: store } = await open()
      expect(await store.putIfAbsent('once/a', bytes('first'))).toBe(true)
      expect(await store.putIfAbsent('once/a', bytes('second'))).toBe(false)
      expect(await textOf(store, 'once/a')).toBe('first')
      await store.delete('once/a')
      expect(await store.putIfAbsent('once/a', bytes('third'))).toBe(true)
    })

    it.each(['../up', '/root', 'a//b', 'a/../b', 'a/.hidden', 'a/', '', 'a b', 'ü', 'a\0', 'a\n'])(
      'are refused under the key "%s"',
      async (key) => {
        const { port: store } = await open()
        await expect(store.put(key, bytes('x'))).rejects.toThrow('is not a key')
        await expect(store.putIfAbsent(key, bytes('x'))).rejects.toThrow('is not a key')
        await expect(store.get(key)).rejects.toThrow('is not a key')
        await expect(store.delete(key)).rejects.toThrow('is not a key')
      },
    )
  })

  describe('lists', () => {
    it.each(['..', '../', '/', 'a/../', 'a//', 'a\0', '.hidden', 'a/.'])(
      'are refused for the prefix "%s"',
      async (prefix) => {
        const { port: store } = await open()
        await expect(allOf(store, prefix)).rejects.toThrow('is not the start of a key')
      },
    )

    it('are empty where nothing is', async () => {
      const { port: store } = await open()
      expect(await keysOf(store, '')).toEqual([])
      expect(await keysOf(store, 'a/b/')).toEqual([])
    })

    it('tell the sizes', async () => {
      const { port: store } = await open()
      await store.put('a/b', bytes('12345'))
      expect(await allOf(store, 'a/')).toEqual([{ key: 'a/b', bytes: 5 }])
    })

    it('hold the keys with a prefix, whatever they are', async () => {
      const name = fc.string({
        unit: fc.constantFrom('a', 'b', '-', '=', '0'),
        minLength: 1,
        maxLength: 2,
      })
      const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
      const prefixes = fc.oneof(key, fc.constant('')).map((text) => text.slice(0, -1))
      const { port: store } = await open()
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { maxLength: 8 }), prefixes, async (given, prefix) => {
          const top = `round-${(round += 1)}/`
          // A folder cannot be a file as well.
          const keys = given.filter((one) => !given.some((other) => other.startsWith(`${one}/`)))
          for (const one of keys) await store.put(top + one, bytes('x'))
          const expected = keys.filter((one) => one.startsWith(prefix)).map((one) => top + one)
          expect((await keysOf(store, top + prefix)).toSorted()).toEqual(expected.toSorted())
        }),
        { numRuns: 25 },
      )
    })

    it('are in the order of the numbers in their keys', async () => {
      const { port: store } = await open()
      const keys = ['02-28', '01-31', '12-01', '01-02'].flatMap((day) =>
        ['9', '1'].map((number) => `events/day=2026-${day}/account=${number}/000${number}.gz`),
      )
      for (const key of keys) await store.put(key, bytes('x'))
      expect(await keysOf(store, 'events/')).toEqual(keys.toSorted())
    })
  })
}

/** The whole list of a store. */
export async function allOf(store: ObjectStore, prefix: string): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = []
  for await (const object of store.list(prefix)) found.push(object)
  return found
}
