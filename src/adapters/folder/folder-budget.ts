import { readdir, rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

import { isMissing, statOf } from './durable-folder.ts'

/** What a file takes at least, so that many small ones count too. */
export const BLOCK_BYTES = 4_096
/** Looking at all files costs time: after it there is room for a while. */
const KEPT_OF_MAX = 0.9

interface FoundFile {
  readonly path: string
  readonly bytes: number
  readonly changedAt: number
}

/** Room for what is added to the files of a folder; one at a time. */
export interface FolderBudget {
  /** Deletes files until so many bytes more may be added. */
  makeRoom(bytes: number): Promise<void>
}

/**
 * Keeps the files of a folder, which belong to the folders in it, within so many bytes. Of the one
 * that takes most the file goes that was written to longest ago: who writes much loses their own.
 */
export function createFolderBudget(folder: string, bytesMax: number): FolderBudget {
  let taken: number | undefined
  return {
    makeRoom: async (bytes) => {
      taken ??= bytesOf(await filesIn(folder))
      const added = blocksOf(bytes)
      if (taken + added > bytesMax) taken = await shrink(folder, bytesMax * KEPT_OF_MAX - added)
      // More than it is, where a file grows or takes the place of another: then it is looked at.
      taken += added
    },
  }
}

/** @returns what is left, in bytes */
async function shrink(folder: string, bytesMax: number): Promise<number> {
  const files = (await filesIn(folder)).toSorted((a, b) => a.changedAt - b.changedAt)
  const byOwner = Map.groupBy(files, ({ path }) => relative(folder, path).split(sep)[0])
  let taken = bytesOf(files)
  while (taken > bytesMax) {
    const [largest = []] = [...byOwner.values()].toSorted((a, b) => bytesOf(b) - bytesOf(a))
    const oldest = largest.shift()
    if (oldest === undefined) break
    await rm(oldest.path, { force: true })
    taken -= oldest.bytes
  }
  return taken
}

async function filesIn(folder: string): Promise<readonly FoundFile[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const found: FoundFile[] = []
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name)
      // It may be gone by now.
      const there = await statOf(path)
      if (there !== undefined) {
        found.push({ path, bytes: blocksOf(there.size), changedAt: there.mtimeMs })
      }
    }
    return found
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function bytesOf(files: readonly FoundFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}
