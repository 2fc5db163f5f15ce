import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { AppendOutcome } from '#src/ports/event-files.ts'
import { linkOnTheWay, makeFolder, syncFolder } from './durable-folder.ts'

/** For its owner, and the group that reads logs. */
const FILE_MODE = 0o640
/** No link is followed, and a pipe that nobody reads is not waited for. */
const APPEND_FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK
const NO_FILE: ReadonlySet<unknown> = new Set([
  'EEXIST',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOTDIR',
  'ENXIO',
])
const FORBIDDEN: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM'])
const LINE_BREAK = 0x0a

/**
 * Adds lines to a file below a folder, which is opened by its name: all of them or none.
 * @param isDurable false where a log may lose its end with the machine, and the disk has better to do
 */
export async function appendLines(
  folder: string,
  path: string,
  lines: readonly string[],
  isDurable = true,
): Promise<AppendOutcome> {
  try {
    const file = join(folder, path)
    const link = await linkOnTheWay(folder, path)
    if (link !== undefined) return notAFile(path)
    await makeFolder(dirname(file))
    const handle = await open(file, APPEND_FLAGS, FILE_MODE)
    try {
      const before = await handle.stat()
      if (!before.isFile()) return notAFile(path)
      await addLines(handle, before.size, { lines, isDurable })
      if (isDurable && before.size === 0) await syncFolder(dirname(file))
    } finally {
      await handle.close()
    }
    return { kind: 'written' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (NO_FILE.has(code)) return notAFile(path)
    const reason = FORBIDDEN.has(code) ? 'forbidden' : 'fault'
    return {
      kind: 'failed',
      reason,
      message: `the file "${path}" takes nothing: ${code ?? String(error)}`,
    }
  }
}

function notAFile(path: string): AppendOutcome {
  const message = `"${path}" is no file, or a link leads there`
  return { kind: 'failed', reason: 'not-a-file', message }
}

/** All lines or none; what a crash left of a line is ended first. */
async function addLines(
  handle: FileHandle,
  size: number,
  { lines, isDurable }: { readonly lines: readonly string[]; readonly isDurable: boolean },
): Promise<void> {
  const torn = size > 0 && (await byteAt(handle, size - 1)) !== LINE_BREAK
  try {
    await handle.appendFile(`${torn ? '\n' : ''}${lines.join('\n')}\n`)
    if (isDurable) await handle.datasync()
  } catch (error) {
    await handle.truncate(size)
    throw error
  }
}

async function byteAt(handle: FileHandle, position: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, position)
  return bytesRead === 1 ? buffer[0] : undefined
}
