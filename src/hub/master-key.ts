import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { MASTER_KEY_BYTES } from '#src/tenancy/vault.ts'

const OWNER_ONLY = 0o600

/**
 * The key that seals secrets in the store: from BELFRY_MASTER_KEY (base64, 32 bytes), else from
 * `master.key` in the data folder, which the first start makes.
 * @throws Error when the key has the wrong length.
 */
export function readMasterKey(folder: string, given: string | undefined): Uint8Array {
  const file = join(folder, 'master.key')
  if (given === undefined && !existsSync(file)) {
    const fresh = randomBytes(MASTER_KEY_BYTES).toString('base64')
    writeFileSync(file, `${fresh}\n`, { mode: OWNER_ONLY, flag: 'wx' })
  }
  const where = given === undefined ? `"${file}"` : 'BELFRY_MASTER_KEY'
  const key = Buffer.from(given ?? readFileSync(file, 'utf8'), 'base64')
  if (key.length === MASTER_KEY_BYTES) return key
  throw new Error(`${where} must hold ${MASTER_KEY_BYTES} bytes in base64, not ${key.length}`)
}
