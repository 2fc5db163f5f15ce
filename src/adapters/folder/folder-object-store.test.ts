import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

import { allOf, objectStoreContract } from '#src/ports/object-store.contract.ts'
import { OBJECT_BYTES_MAX, ObjectTooLargeFault } from '#src/ports/object-store.ts'
import { createFolderObjectStore } from './folder-object-store.ts'

const folders: string[] = []

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-objects-'))
  folders.push(folder)
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

objectStoreContract(async () => {
  const folder = join(newFolder(), 'made', 'when needed')
  return {
    port: createFolderObjectStore(folder),
    restart: async () => createFolderObjectStore(folder),
  }
})

describe('a folder of objects', () => {
  it('holds each object as a file under its key', async () => {
    const folder = newFolder()
    await createFolderObjectStore(folder).put('events/day=2026-01-31/a.txt', Buffer.from('text'))
    expect(readdirSync(join(folder, 'events', 'day=2026-01-31'))).toEqual(['a.txt'])
  })

  it('lets nobody but its owner read what it makes', async () => {
    const folder = join(newFolder(), 'trail')
    const store = createFolderObjectStore(folder)
    await store.put('events/a', Buffer.from('a'))
    await store.putIfAbsent('manifests/b', Buffer.from('b'))
    const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777
    expect(['.', 'events', 'manifests'].map(modeOf)).toEqual([0o700, 0o700, 0o700])
    expect(['events/a', 'manifests/b'].map(modeOf)).toEqual([0o600, 0o600])
  })

  it('shows nothing of what a crash left half written, and clears it away', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, '.writing'))
    writeFileSync(join(folder, '.writing', '1-1'), 'half')
    const store = createFolderObjectStore(folder)
    expect(await allOf(store, '')).toEqual([])
    await store.put('a', Buffer.from('whole'))
    expect(readdirSync(join(folder, '.writing'))).toEqual([])
    expect(await allOf(store, '')).toEqual([{ key: 'a', bytes: 5 }])
  })

  it('shows a hidden file that someone else put there', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'events'))
    writeFileSync(join(folder, 'events', '.hidden'), 'x')
    const found = await allOf(createFolderObjectStore(folder), '')
    expect(found).toEqual([{ key: 'events/.hidden', bytes: 1 }])
  })

  it('keeps the old object where the new one cannot be written', async () => {
    const folder = newFolder()
    const store = createFolderObjectStore(folder)
    await store.put('a', Buffer.from('old'))
    rmSync(join(folder, '.writing'), { recursive: true })
    writeFileSync(join(folder, '.writing'), 'a file where a folder must be')
    await expect(store.put('a', Buffer.from('new'))).rejects.toThrow('EEXIST')
    expect(Buffer.from((await store.get('a')) ?? []).toString()).toBe('old')
  })

  it('refuses to read a file that is larger than a hub writes', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'large'), '')
    truncateSync(join(folder, 'large'), OBJECT_BYTES_MAX + 1)
    const store = createFolderObjectStore(folder)
    await expect(store.get('large')).rejects.toBeInstanceOf(ObjectTooLargeFault)
  })

  it('has its leftovers cleared later where that failed', async () => {
    const above = join(newFolder(), 'loop')
    symlinkSync('loop', above)
    const store = createFolderObjectStore(join(above, 'trail'))
    await expect(store.put('a', Buffer.from('x'))).rejects.toThrow('ELOOP')
    rmSync(above)
    await store.put('a', Buffer.from('x'))
    expect(await allOf(store, '')).toEqual([{ key: 'a', bytes: 1 }])
  })

  it('neither reads, writes nor deletes anything outside through a link', async () => {
    const [folder, outside] = [newFolder(), newFolder()]
    writeFileSync(join(outside, 'a'), 'secret')
    symlinkSync(outside, join(folder, 'events'))
    symlinkSync(join(outside, 'a'), join(folder, 'b'))
    const store = createFolderObjectStore(folder)
    expect(await store.get('events/a')).toBeUndefined()
    expect(await store.get('b')).toBeUndefined()
    expect(await allOf(store, 'events/')).toEqual([])
    expect((await allOf(store, '')).map(({ key }) => key)).toEqual(['b', 'events'])
    const x = Buffer.from('x')
    await expect(store.put('events/new/c', x)).rejects.toThrow('is a link')
    await expect(store.putIfAbsent('events/c', x)).rejects.toThrow('is a link')
    await expect(store.delete('events/a')).rejects.toThrow('is a link')
    await store.put('b', x)
    expect(readdirSync(outside)).toEqual(['a'])
    expect(readFileSync(join(outside, 'a'), 'utf8')).toBe('secret')
    expect(Buffer.from((await store.get('b')) ?? []).toString()).toBe('x')
  })

  it('does not wait for a pipe that stands in an object’s place', async () => {
    const folder = newFolder()
    execFileSync('mkfifo', [join(folder, 'a')])
    expect(await createFolderObjectStore(folder).get('a')).toBeUndefined()
  })

  it('is not made by looking into it', async () => {
    const folder = join(newFolder(), 'not-yet')
    const store = createFolderObjectStore(folder)
    expect(await store.get('a')).toBeUndefined()
    expect(await allOf(store, '')).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })
})
