import type { Dirent } from 'node:fs'
import { link, lstat, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { OBJECT_BYTES_MAX, ObjectTooLargeFault, checkObjectKey } from '#src/ports/object-store.ts'
import type { ObjectStore, StoredObject } from '#src/ports/object-store.ts'

/** Holds files while they are written: no key starts with a dot. */
const WRITING = '.writing'
/** The trail is for its owner, whatever the umask leaves to others. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** Where the file system has no hard links, as on some network mounts. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'])

/** Objects as files of a folder, which is made when the first object is written. */
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
    // What a crash left half written; no hub but this one writes here.
    leftovers ??= rm(writing, { recursive: true, force: true })
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
      const file = join(folder, key)
      const size = await sizeOf(file)
      if (size === undefined) return undefined
      if (size > OBJECT_BYTES_MAX) throw new ObjectTooLargeFault(key)
      return readFile(file)
    },
    list: (prefix) => walk(folder, prefix),
    delete: async (key) => {
      checkObjectKey(key)
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
  if ((await sizeOf(to)) !== undefined) return false
  return replace(from, to)
}

async function writeDurably(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'w', FILE_MODE)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A folder is durable when the one above it has been flushed. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  const highest = dirname(first)
  for (let made = dirname(folder); ; made = dirname(made)) {
    await syncFolder(made)
    if (made === highest || made === dirname(made)) return
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file)
    return found.isDirectory() ? undefined : found.size
  } catch (error) {
    if (isMissing(error)) return undefined
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
      const found = await lstat(join(folder, key)).catch(() => undefined)
      if (found !== undefined) yield { key, bytes: found.size }
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

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
