import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createEventFiles } from './event-files.ts'

const root = mkdtempSync(join(tmpdir(), 'belfry-files-'))
const folder = join(root, 'files')
const files = createEventFiles(folder)
afterAll(() => rmSync(root, { recursive: true }))

const textOf = (path: string) => readFileSync(join(folder, path), 'utf8')
const WRITTEN = { kind: 'written' }

describe('a file', () => {
  it('is made with its folders, for its owner and the group that reads logs', async () => {
    expect(await files.append('a/b/made.ndjson', '{"n":1}')).toEqual(WRITTEN)
    expect(textOf('a/b/made.ndjson')).toBe('{"n":1}\n')
    // The umask may take more away.
    expect(statSync(join(folder, 'a/b/made.ndjson')).mode & 0o137).toBe(0)
    expect(statSync(join(folder, 'a')).mode & 0o077).toBe(0)
  })

  it('gets every line once, in the order in which they came', async () => {
    const lines = Array.from({ length: 500 }, (_, n) => `{"n":${n}}`)
    const outcomes = await Promise.all(lines.map((line) => files.append('many.ndjson', line)))
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['written']))
    expect(textOf('many.ndjson')).toBe(lines.map((line) => `${line}\n`).join(''))
  })

  it('that was moved away, as logrotate does, is made anew', async () => {
    await files.append('rotated.ndjson', '1')
    renameSync(join(folder, 'rotated.ndjson'), join(folder, 'rotated.ndjson.1'))
    await files.append('rotated.ndjson', '2')
    expect([textOf('rotated.ndjson.1'), textOf('rotated.ndjson')]).toEqual(['1\n', '2\n'])
  })

  it('that was cut, as copytruncate does, grows from its new end', async () => {
    await files.append('cut.ndjson', '1')
    writeFileSync(join(folder, 'cut.ndjson'), '')
    await files.append('cut.ndjson', '2')
    expect(textOf('cut.ndjson')).toBe('2\n')
  })

  it('whose last line a crash has torn keeps it apart from the next', async () => {
    await files.append('torn.ndjson', '{"n":1}')
    appendFileSync(join(folder, 'torn.ndjson'), '{"n":')
    await files.append('torn.ndjson', '{"n":2}')
    expect(textOf('torn.ndjson')).toBe('{"n":1}\n{"n":\n{"n":2}\n')
  })
})

describe('what is no file of the folder', () => {
  const outside = join(root, 'outside')
  beforeAll(() => {
    mkdirSync(outside)
    mkdirSync(join(folder, 'folder.ndjson'), { recursive: true })
    writeFileSync(join(outside, 'precious'), 'kept')
    symlinkSync(outside, join(folder, 'link'))
    symlinkSync(join(outside, 'precious'), join(folder, 'link.ndjson'))
    symlinkSync(join(outside, 'made'), join(folder, 'dangling.ndjson'))
    execFileSync('mkfifo', [join(folder, 'pipe.ndjson')])
    writeFileSync(join(folder, 'plain'), '')
  })

  it.each([
    'link/precious',
    'link.ndjson',
    'dangling.ndjson',
    'folder.ndjson',
    'pipe.ndjson',
    'plain/below.ndjson',
  ])('gets nothing: %s', async (path) => {
    expect(await files.append(path, 'x')).toMatchObject({ kind: 'failed', reason: 'not-a-file' })
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('kept')
    expect(existsSync(join(outside, 'made'))).toBe(false)
  })
})

describe('a fault', () => {
  it.skipIf(process.getuid?.() === 0)('of permissions is told (not as root)', async () => {
    writeFileSync(join(folder, 'forbidden.ndjson'), '')
    chmodSync(join(folder, 'forbidden.ndjson'), 0o400)
    const outcome = await files.append('forbidden.ndjson', 'x')
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'forbidden' })
  })
})
