import { rename } from 'node:fs/promises'
import { join } from 'node:path'

import type { AppendOutcome } from '#src/ports/event-files.ts'
import type { LogFiles } from '#src/ports/log-files.ts'
import { appendLines } from './append-lines.ts'
import { linkOnTheWay, statOf } from './durable-folder.ts'
import { createFolderBudget } from './folder-budget.ts'

const WRITTEN: AppendOutcome = { kind: 'written' }

export interface RotatingFilesLimits {
  /** Of a file with the one before it. */
  readonly bytesMax: number
  /** Of all files, which belong to the folders in theirs. */
  readonly totalBytesMax: number
}

/**
 * Files below a folder, each with the one before it, `<path>.1`: a full file takes the place of the
 * older one, so that the newest half of what it may take is always there. Where all take more than
 * they may, the oldest go. What was written last may be lost with the machine.
 */
export function createRotatingFiles(
  folder: string,
  { bytesMax, totalBytesMax }: RotatingFilesLimits,
): LogFiles {
  const fileBytesMax = Math.floor(bytesMax / 2)
  const budget = createFolderBudget(folder, totalBytesMax)
  return {
    append: async (path, lines) => {
      let outcome = WRITTEN
      for (const part of partsOf(lines, fileBytesMax)) {
        outcome = await roomFor(path, async () => {
          await budget.makeRoom(part.bytes)
          await rotate(folder, path, fileBytesMax - part.bytes)
        })
        if (outcome.kind === 'written') outcome = await appendLines(folder, path, part.lines, false)
        if (outcome.kind === 'failed') return outcome
      }
      return outcome
    },
  }
}

interface Part {
  readonly lines: string[]
  bytes: number
}

/** As many lines as a file takes, and so on; a line break before them may end a torn line. */
function partsOf(lines: readonly string[], bytesMax: number): readonly Part[] {
  const parts: Part[] = []
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1
    const last = parts.at(-1)
    if (last !== undefined && last.bytes + bytes <= bytesMax) {
      last.lines.push(line)
      last.bytes += bytes
    } else parts.push({ lines: [line], bytes: bytes + 1 })
  }
  return parts
}

/** @param sizeMax of the file as it is, for it to take more */
async function rotate(folder: string, path: string, sizeMax: number): Promise<void> {
  const file = join(folder, path)
  const there = await statOf(file)
  const isFull = there?.isFile() === true && there.size > Math.max(0, sizeMax)
  if (!isFull || (await linkOnTheWay(folder, path)) !== undefined) return
  await rename(file, `${file}.1`)
}

async function roomFor(path: string, make: () => Promise<void>): Promise<AppendOutcome> {
  try {
    await make()
    return WRITTEN
  } catch (error) {
    const message = `the file "${path}" has no room: ${(error as NodeJS.ErrnoException).code}`
    return { kind: 'failed', reason: 'fault', message }
  }
}
