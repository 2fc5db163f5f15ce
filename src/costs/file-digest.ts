import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

import type { TableFile } from './table-files.ts'

/** Of the bytes of each file. */
export async function digestsOf(files: readonly TableFile[]): Promise<readonly string[]> {
  const digests: string[] = []
  for (const { path } of files) {
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    digests.push(hash.digest('hex'))
  }
  return digests
}

/** Says which state of an export files are: the same files, in whatever order, have the same. */
export function executionOf(digests: readonly string[], tagKeys: readonly string[] = []): string {
  const all = JSON.stringify([digests.toSorted(), tagKeys.toSorted()])
  return `sha256:${createHash('sha256').update(all).digest('hex')}`
}
