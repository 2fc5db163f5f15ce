import fc from 'fast-check'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

import { BLOCK_BYTES } from './folder-budget.ts'
import { createRotatingFiles } from './rotating-files.ts'

const root = mkdtempSync(join(tmpdir(), 'belfry-rotating-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newFolder = () => join(root, String((folders += 1)))

const rotating = (folder: string, bytesMax: number, totalBytesMax = 1_000_000) =>
  createRotatingFiles(folder, { bytesMax, totalBytesMax })

const WRITTEN = { kind: 'written' }
const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')
const linesOf = (file: string) => textOf(file).split('\n').slice(0, -1)

it('keeps the newest lines, whole and in order, in no more bytes than it may', async () => {
  const line = fc.string({ minLength: 1, maxLength: 30 }).map((text) => JSON.stringify(text))
  const appends = fc.array(fc.array(line, { minLength: 1, maxLength: 6 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(appends, fc.integer({ min: 512, max: 900 }), async (given, bytesMax) => {
      const folder = newFolder()
      const files = rotating(folder, bytesMax)
      for (const lines of given) expect(await files.append('a/log', lines)).toEqual(WRITTEN)
      const [older, newer] = [join(folder, 'a/log.1'), join(folder, 'a/log')]
      const kept = [...linesOf(older), ...linesOf(newer)]
      const all = given.flat()
      expect(kept).toEqual(kept.length === 0 ? [] : all.slice(-kept.length))
      const bytes = Buffer.byteLength(textOf(older)) + Buffer.byteLength(textOf(newer))
      expect(bytes).toBeLessThanOrEqual(bytesMax)
      // Of what there was, half of what it may be at least, but for a line that did not fit.
      const lost = all.length - kept.length
      if (lost > 0) expect(bytes).toBeGreaterThan(bytesMax / 2 - 200)
    }),
    { numRuns: 60 },
  )
})

it('fills a file to its last byte, and begins the next with the one after', async () => {
  const folder = newFolder()
  const files = rotating(folder, 40)
  // A file may have 20 bytes; one is kept free to end a line that a crash has torn.
  await files.append('log', ['123456789', '12345678'])
  expect(statSync(join(folder, 'log')).size).toBe(19)
  expect(existsSync(join(folder, 'log.1'))).toBe(false)
  await files.append('log', ['x'])
  expect([textOf(join(folder, 'log.1')), textOf(join(folder, 'log'))]).toEqual([
    '123456789\n12345678\n',
    'x\n',
  ])
})

it('keeps what a crash has torn apart from the next line', async () => {
  const folder = newFolder()
  const files = rotating(folder, 1_000)
  await files.append('log', ['1'])
  appendFileSync(join(folder, 'log'), '{"to')
  await files.append('log', ['2'])
  expect(textOf(join(folder, 'log'))).toBe('1\n{"to\n2\n')
})

it('says why it cannot write, and follows no link', async () => {
  const folder = newFolder()
  const files = rotating(folder, 1_000)
  mkdirSync(join(folder, 'log'), { recursive: true })
  expect(await files.append('log', ['1'])).toMatchObject({ kind: 'failed' })
  symlinkSync(root, join(folder, 'away'))
  expect(await files.append('away/log', ['1'])).toMatchObject({ kind: 'failed' })
  expect(existsSync(join(root, 'log'))).toBe(false)
  rmSync(join(folder, 'log'), { recursive: true })
  mkdirSync(join(folder, 'log.1'))
  await files.append('log', ['x'.repeat(400)])
  expect(await files.append('log', ['y'.repeat(400)])).toMatchObject({
    kind: 'failed',
    message: expect.stringMatching(/^the file "log" has no room: E/),
  })
})

it('takes no more in all than it may: the oldest of whoever has most goes first', async () => {
  const folder = newFolder()
  const files = rotating(folder, 16 * BLOCK_BYTES, 10 * BLOCK_BYTES)
  const fill = async (path: string) => {
    expect(await files.append(path, ['x'.repeat(BLOCK_BYTES - 10)])).toEqual(WRITTEN)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await fill('quiet/a')
  for (let n = 0; n < 9; n += 1) await fill(`loud/${n}`)
  const names = () => readdirSync(join(folder, 'loud')).toSorted()
  expect(names()).toHaveLength(9)
  await fill('quiet/b')
  expect(names()).toEqual(['2', '3', '4', '5', '6', '7', '8'])
  expect(readdirSync(join(folder, 'quiet'))).toEqual(['a', 'b'])
  // Whoever begins anew finds what is there.
  const others = rotating(folder, 16 * BLOCK_BYTES, 6 * BLOCK_BYTES)
  expect(await others.append('new/a', ['x'])).toEqual(WRITTEN)
  expect(names()).toHaveLength(2)
  expect(existsSync(join(folder, 'quiet/b'))).toBe(true)
})
