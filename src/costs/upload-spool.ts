import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { RestError, StoreFullFault } from '#src/errors.ts'
import type { TableFile } from './table-files.ts'

/** Files of uploads until they are imported, each import's in a folder of its own. */
export interface UploadSpool {
  /**
   * Adds bytes to a file, which has as many as `offset` says already.
   * @param admit is waited for in the part's turn; where it throws nothing is added
   * @returns how many it has then
   * @throws RestError 409 where it has other than that, 413 where the upload grows too large, and
   *   StoreFullFault
   */
  append(importId: string, part: UploadPart, admit?: () => Promise<void>): Promise<number>
  /** Does something when the parts that came before are here, and before those that come later. */
  inTurn<T>(importId: string, step: () => Promise<T>): Promise<T>
  files(importId: string): Promise<readonly TableFile[]>
  /** The folder of an import, made where there is none, for what the hub fetches itself. */
  folder(importId: string): Promise<string>
  remove(importId: string): Promise<void>
  /** Imports that have files here. */
  importIds(): Promise<readonly string[]>
}

export interface UploadPart {
  readonly name: string
  readonly offset: number
  readonly bytes: Uint8Array
}

/** All files of one upload. */
export const UPLOAD_BYTES_MAX = 8 * 1024 * 1024 * 1024
export const UPLOAD_FILES_MAX = 1_000

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** @param root is made when it is needed */
export function createUploadSpool(root: string): UploadSpool {
  /** The end of the last step of each import: parts come one after the other. */
  const lasts = new Map<string, Promise<unknown>>()
  const oneByOne = async <T>(id: string, step: () => Promise<T>): Promise<T> => {
    const turn = (lasts.get(id) ?? Promise.resolve()).then(step, step)
    lasts.set(id, turn)
    try {
      return await turn
    } finally {
      if (lasts.get(id) === turn) lasts.delete(id)
    }
  }
  const folderOf = (importId: string) => join(root, importId)
  const folder = async (importId: string) => {
    await mkdir(folderOf(importId), { recursive: true, mode: FOLDER_MODE })
    return folderOf(importId)
  }
  const sizes = async (importId: string) => {
    const names = await namesIn(folderOf(importId))
    const found = names.toSorted().map(async (name) => {
      const { size } = await stat(join(folderOf(importId), name))
      return { name, size }
    })
    return Promise.all(found)
  }

  const append = async (importId: string, { name, offset, bytes }: UploadPart): Promise<number> => {
    const known = await sizes(importId)
    const size = known.find((file) => file.name === name)?.size ?? 0
    if (size !== offset) {
      throw new RestError(
        409,
        'cost-import.offset',
        `"${name}" has ${size} bytes: send what follows them, with offset=${size}`,
      )
    }
    const all = known.reduce((sum, file) => sum + file.size, bytes.byteLength)
    const isNew = known.every((file) => file.name !== name)
    if (all > UPLOAD_BYTES_MAX || (isNew && known.length >= UPLOAD_FILES_MAX)) {
      throw new RestError(
        413,
        'cost-import.too-large',
        `an upload has at most ${UPLOAD_FILES_MAX} files of ${UPLOAD_BYTES_MAX} bytes together: compress them, upload fewer billing periods at once, or import from a folder or S3`,
      )
    }
    const file = await open(join(await folder(importId), name), 'a', FILE_MODE)
    try {
      await file.appendFile(bytes)
      // Whoever is told that they are here does not send them again.
      await file.datasync()
    } finally {
      await file.close()
    }
    return size + bytes.byteLength
  }

  return {
    append: (importId, part, admit) =>
      oneByOne(importId, async () => {
        await admit?.()
        return orFull(append(importId, part))
      }),
    inTurn: oneByOne,
    folder,
    files: async (importId) =>
      (await sizes(importId)).map(({ name }) => ({ name, path: join(folderOf(importId), name) })),
    remove: (importId) =>
      oneByOne(importId, () => rm(folderOf(importId), { recursive: true, force: true })),
    importIds: () => namesIn(root),
  }
}

/** @throws StoreFullFault where what was written has no room on the disk */
export async function orFull<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (FULL.has(code)) throw new StoreFullFault({ cause: error })
    throw error
  }
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** None where there is no such folder yet. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
