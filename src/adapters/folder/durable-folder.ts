import { lstat, mkdir, open } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { dirname, join } from 'node:path'

/** What is in a folder is for its owner, whatever the umask leaves to others. */
const FOLDER_MODE = 0o700

/** Makes a folder durably: it is when the one above it has been flushed. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  const highest = dirname(first)
  for (let made = dirname(folder); ; made = dirname(made)) {
    await syncFolder(made)
    if (made === highest || made === dirname(made)) return
  }
}

/** Makes durable which names a folder has. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The folder on a key's way that is a link. The folder itself may be one: its owner chose it. */
export async function linkOnTheWay(folder: string, key: string): Promise<string | undefined> {
  let way = folder
  for (const name of key.split('/').slice(0, -1)) {
    way = join(way, name)
    const there = await statOf(way)
    if (there === undefined) return undefined
    if (there.isSymbolicLink()) return way
  }
  return undefined
}

/** Of a link itself; undefined where there is nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether a fault of the file system says that there is nothing there. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
