import { describe, expect, it } from 'vitest'

import type { OpenFresh } from './adapter.contract.ts'
import type { Cursors } from './cursors.ts'

/** What every adapter of the port Cursors keeps to. */
export function cursorsContract(open: OpenFresh<Cursors>): void {
  describe('cursors', () => {
    it('stand at 0 until they are saved', async () => {
      const { port: cursors } = await open()
      expect(await cursors.get('reader')).toBe(0)
    })

    it('move forward only: a late save of an older place changes nothing', async () => {
      const { port: cursors } = await open()
      await cursors.save('reader', 7)
      await cursors.save('reader', 3)
      expect(await cursors.get('reader')).toBe(7)
      await Promise.all([12, 9, 10].map((sequence) => cursors.save('reader', sequence)))
      expect(await cursors.get('reader')).toBe(12)
    })

    it('belong to one reader each', async () => {
      const { port: cursors } = await open()
      await cursors.save('one', 5)
      await cursors.save('other', 2)
      expect(await cursors.get('one')).toBe(5)
      expect(await cursors.get('other')).toBe(2)
    })

    it('are still there after a restart', async () => {
      const { port, restart } = await open()
      await port.save('reader', 4)
      const cursors = await restart()
      expect(await cursors.get('reader')).toBe(4)
      await cursors.save('reader', 1)
      expect(await cursors.get('reader')).toBe(4)
    })
  })
}
