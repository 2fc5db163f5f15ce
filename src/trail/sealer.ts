import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'

/** Encrypts objects of the trail so that the place that keeps them cannot read them. */
export interface Sealer {
  /** The same content under the same name gives the same bytes. */
  seal(name: string, content: Uint8Array): Uint8Array
  /** The content, or undefined where it was not sealed with this key under this name. */
  open(name: string, sealed: Uint8Array): Uint8Array | undefined
}

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
/** Tells a sealed object, and the version of how it is sealed. */
const MAGIC = Buffer.from('BELFRY1\n')

/**
 * AES-256-GCM under keys derived from the hub's master key (HKDF). The IV is a keyed hash of name
 * and content, so that a flush repeated after a crash writes the same bytes, and no IV ever serves
 * two contents. A sealed object is magic, IV, tag and ciphertext; its name is authenticated too.
 */
export function createSealer(masterKey: Uint8Array): Sealer {
  const keyFor = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', masterKey, '', `belfry trail ${purpose}`, KEY_BYTES))
  const contentKey = keyFor('content')
  const ivKey = keyFor('iv')
  return {
    seal: (name, content) => {
      const iv = createHmac('sha256', ivKey).update(`${name}\n`).update(content).digest()
      const cipher = createCipheriv(CIPHER, contentKey, iv.subarray(0, IV_BYTES))
      cipher.setAAD(Buffer.from(name))
      const body = Buffer.concat([cipher.update(content), cipher.final()])
      return Buffer.concat([MAGIC, iv.subarray(0, IV_BYTES), cipher.getAuthTag(), body])
    },
    open: (name, sealed) => {
      const bytes = Buffer.from(sealed)
      const [ivAt, tagAt] = [MAGIC.length, MAGIC.length + IV_BYTES]
      const bodyAt = tagAt + TAG_BYTES
      if (bytes.length < bodyAt || !bytes.subarray(0, ivAt).equals(MAGIC)) return undefined
      const decipher = createDecipheriv(CIPHER, contentKey, bytes.subarray(ivAt, tagAt))
      decipher.setAAD(Buffer.from(name))
      decipher.setAuthTag(bytes.subarray(tagAt, bodyAt))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}
