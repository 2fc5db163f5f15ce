import {
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, it } from 'vitest'

import { StoreFullFault } from '#src/errors.ts'
import { UPLOAD_BYTES_MAX, UPLOAD_FILES_MAX, createUploadSpool } from './upload-spool.ts'

const root = mkdtempSync(join(tmpdir(), 'belfry-spool-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const spool = createUploadSpool(root)
const bytes = (text: string) => Buffer.from(text)
const append = (id: string, name: string, offset: number, text: string) =>
  spool.append(id, { name, offset, bytes: bytes(text) })

it('of parts that are sent at the same time, the one that follows is taken', async () => {
  const sent = await Promise.allSettled(['a', 'b', 'c'].map((text) => append('1', 'f', 0, text)))
  expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(await append('1', 'f', 1, 'bc')).toBe(3)
  const [file] = await spool.files('1')
  expect(readFileSync(file?.path ?? '', 'utf8')).toBe('abc')
  await spool.remove('1')
  expect(await spool.files('1')).toEqual([])
})

it('adds nothing to an upload that is started between parts', async () => {
  await append('4', 'f', 0, 'a')
  let isStarted = false
  const admit = async () => {
    if (isStarted) throw new Error('it was started')
  }
  const part = (offset: number) => ({ name: 'f', offset, bytes: bytes('b') })
  const before = spool.append('4', part(1), admit)
  const starting = spool.inTurn('4', async () => {
    isStarted = true
    return spool.files('4')
  })
  const after = spool.append('4', part(2), admit)
  await expect(after).rejects.toThrow('it was started')
  expect(await before).toBe(2)
  const [file] = await starting
  expect(readFileSync(file?.path ?? '', 'utf8')).toBe('ab')
})

it('says so where the disk is full', async () => {
  await append('5', 'first', 0, 'a')
  symlinkSync('/dev/full', join(root, '5', 'full'))
  await expect(append('5', 'full', 0, 'a')).rejects.toThrow(StoreFullFault)
  expect(await append('5', 'first', 1, 'b')).toBe(2)
})

it('takes as many bytes and files as it says, and no more', async () => {
  await append('2', 'large', 0, 'x')
  truncateSync(join(root, '2', 'large'), UPLOAD_BYTES_MAX - 1)
  expect(await append('2', 'large', UPLOAD_BYTES_MAX - 1, 'x')).toBe(UPLOAD_BYTES_MAX)
  await expect(append('2', 'small', 0, 'x')).rejects.toMatchObject({ status: 413 })

  await append('3', 'file', 0, '')
  for (let number = 2; number < UPLOAD_FILES_MAX; number += 1) {
    writeFileSync(join(root, '3', `file-${number}`), '')
  }
  await append('3', 'the-last', 0, '')
  await expect(append('3', 'one-more', 0, '')).rejects.toMatchObject({ status: 413 })
})
