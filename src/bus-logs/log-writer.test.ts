import { expect, it } from 'vitest'

import type { AppendOutcome } from '#src/ports/event-files.ts'
import { WAITING_CHARACTERS_MAX, createLogWriter } from './log-writer.ts'

/** Files that take what they are given when they are told to. */
function slowFiles(outcome: AppendOutcome = { kind: 'written' }) {
  const gate = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const written: string[] = []
  const dropped: { readonly lines: number; readonly reason: string }[] = []
  const writer = createLogWriter({
    files: {
      append: async (path, lines) => {
        asked.resolve()
        await gate.promise
        written.push(...lines.map((line) => `${path}: ${line.slice(0, 3)}`))
        return outcome
      },
    },
    onWritten: () => undefined,
    onDropped: (lines, reason) => dropped.push({ lines, reason }),
  })
  return { writer, written, dropped, asked: asked.promise, open: gate.resolve }
}

it('holds so much for a slow disk and no more, and says what it has lost', async () => {
  const { writer, written, dropped, asked, open } = slowFiles()
  const half = '1'.repeat(WAITING_CHARACTERS_MAX / 2)
  writer.add('a', half)
  await asked
  // What is being written counts too.
  writer.add('b', half)
  writer.add('a', '2')
  writer.add('b', '3')
  open()
  await writer.close()
  expect(written).toEqual(['a: 111', 'b: 111'])
  expect(dropped).toEqual([{ lines: 2, reason: 'more was to be logged than the disk takes' }])
})

it('has room again for what was written, and writes the rest when it is closed', async () => {
  const { writer, written, dropped, asked, open } = slowFiles()
  open()
  writer.add('a', '1'.repeat(WAITING_CHARACTERS_MAX))
  await asked
  await new Promise((resolve) => setTimeout(resolve, 0))
  writer.add('a', '2')
  writer.add('b', '3')
  await writer.close()
  expect(written).toEqual(['a: 111', 'a: 2', 'b: 3'])
  expect(dropped).toEqual([])
})

it('counts as lost what could not be written, with the reason', async () => {
  const { writer, dropped, open } = slowFiles({
    ...{ kind: 'failed', reason: 'fault', message: 'the file "a" takes nothing: ENOSPC' },
  })
  open()
  writer.add('a', '1')
  writer.add('a', '2')
  await writer.close()
  expect(dropped).toEqual([{ lines: 2, reason: 'the file "a" takes nothing: ENOSPC' }])
})
