import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

import type { TableFile } from './table-files.ts'

/** Says which state of an export files are: the same files, in whatever order, have the same. */
export async function digestOf(
  files: readonly TableFile[],
  tagKeys: readonly string[] = [],
): Promise<string> {
  const digests: string[] = []
  for (const { path } of files) {
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    digests.push(hash.digest('hex'))
  }
  const all = JSON.stringify([digests.toSorted(), tagKeys.toSorted()])
  return `sha256:${createHash('sha256').update(all).digest('hex')}`
}
