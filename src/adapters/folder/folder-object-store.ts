import { constants } from 'node:fs'
import type { Dirent } from 'node:fs'
import { link, open, readdir, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import {
  OBJECT_BYTES_MAX,
  ObjectTooLargeFault,
  checkKeyPrefix,
  checkObjectKey,
} from '#src/ports/object-store.ts'
import type { ObjectStore, StoredObject } from '#src/ports/object-store.ts'
import { isMissing, linkOnTheWay, makeFolder, statOf, syncFolder } from './durable-folder.ts'

/** Holds files while they are written: no key starts with a dot. */
const WRITING = '.writing'
/** The trail is for its owner, whatever the umask leaves to others. */
const FILE_MODE = 0o600
/** Where the file system has no hard links, as on some network mounts. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'])

/** No link is followed, and a pipe that has no writer is not waited for. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Objects as files of a folder, which is made when the first object is written. Nothing outside of
 * the folder is read, written or deleted, whatever links somebody has put into it: an object is a
 * file, in folders, and nothing else.
 */
export function createFolderObjectStore(folder: string): ObjectStore {
  const writing = join(folder, WRITING)
  let written = 0
  let leftovers: Promise<void> | undefined

  /** Writes the content beside its place and moves it there, so that no reader sees half of it. */
  const place = async (
    key: string,
    content: Uint8Array,
    move: (from: string, to: string) => Promise<boolean>,
  ): Promise<boolean> => {
    checkObjectKey(key)
    await refuseLinks(folder, key)
    // What a crash left half written; no hub but this one writes here.
    leftovers ??= rm(writing, { recursive: true, force: true }).catch((error: unknown) => {
      leftovers = undefined
      throw error
    })
    await leftovers
    const target = join(folder, key)
    await makeFolder(writing)
    await makeFolder(dirname(target))
    const temporary = join(writing, `${process.pid}-${(written += 1)}`)
    try {
      await writeDurably(temporary, content)
      const moved = await move(temporary, target)
      await syncFolder(dirname(target))
      return moved
    } finally {
      await rm(temporary, { force: true })
    }
  }

  return {
    location: folder,
    put: async (key, content) => {
      await place(key, content, replace)
    },
    putIfAbsent: (key, content) => place(key, content, moveWhereFree),
    get: async (key) => {
      checkObjectKey(key)
      if ((await linkOnTheWay(folder, key)) !== undefined) return undefined
      const handle = await openedFile(join(folder, key))
      if (handle === undefined) return undefined
      try {
        const found = await handle.stat()
        if (!found.isFile()) return undefined
        if (found.size > OBJECT_BYTES_MAX) throw new ObjectTooLargeFault(key)
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    },
    list: async function* (prefix) {
      checkKeyPrefix(prefix)
      if ((await linkOnTheWay(folder, prefix)) === undefined) yield* walk(folder, prefix)
    },
    delete: async (key) => {
      checkObjectKey(key)
      await refuseLinks(folder, key)
      await rm(join(folder, key), { force: true })
    },
  }
}

async function replace(from: string, to: string): Promise<boolean> {
  await rename(from, to)
  return true
}

async function moveWhereFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!NO_LINKS.has(code)) throw error
  }
  if ((await statOf(to)) !== undefined) return false
  return replace(from, to)
}

async function writeDurably(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** @throws Error where a key leads out of the folder. */
async function refuseLinks(folder: string, key: string): Promise<void> {
  const way = await linkOnTheWay(folder, key)
  if (way === undefined) return
  throw new Error(`"${way}" is a link, which the trail does not follow: put a folder in its place`)
}

async function openedFile(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, READ_FLAGS)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A link, or a socket.
    if (isMissing(error) || code === 'ELOOP' || code === 'ENXIO') return undefined
    throw error
  }
}

/** Folder by folder, so that no more than one folder's names are held on each level. */
async function* walk(
  folder: string,
  prefix: string,
  above = prefix.slice(0, prefix.lastIndexOf('/') + 1),
): AsyncGenerator<StoredObject> {
  const entries = (await entriesOf(join(folder, above)))
    .map((entry) => ({ entry, key: above + entry.name + (entry.isDirectory() ? '/' : '') }))
    .filter(({ key }) => key !== `${WRITING}/` && key.startsWith(prefix))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  for (const { entry, key } of entries) {
    if (entry.isDirectory()) {
      yield* walk(folder, key)
    } else {
      // A file may be deleted between the two looks.
      const there = await statOf(join(folder, key))
      if (there !== undefined) yield { key, bytes: there.size }
    }
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
