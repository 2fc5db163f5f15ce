import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** What a text is sealed for and whose it is: copied elsewhere it does not open. */
export type SealedFor =
  | readonly ['api-token', accessKeyId: string]
  | readonly ['assumed-role', accessKeyId: string]
  | readonly ['second-factor', userId: string]
  | readonly ['openid-client', organisationId: string]
  | readonly ['aws-organization', organisationId: string]
  | readonly ['connection', connectionArn: string]
  | readonly ['webhook-secret', webhookSecretId: string]
  | readonly ['incident-link', incidentId: string]
  | readonly ['unsubscribe-link', notificationId: string]
  | readonly ['channel', channelId: string]
  /** The others say themselves, inside, whose they are. */
  | readonly ['session']
  | readonly ['refresh']
  | readonly ['sign-in-journey']

/** Encrypts what the store must not hold in the clear. */
export interface Vault {
  seal(sealedFor: SealedFor, text: string): string
  /** The text, or undefined where `sealed` was not sealed with this key for just this. */
  open(sealedFor: SealedFor, sealed: string): string | undefined
}

export const MASTER_KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/**
 * AES-256-GCM; a sealed text is base64url of IV, tag and ciphertext. What it is for is additional
 * authenticated data.
 */
export function createVault(masterKey: Uint8Array): Vault {
  return {
    seal: (sealedFor, text) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(CIPHER, masterKey, iv).setAAD(authenticated(sealedFor))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open: (sealedFor, sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv(CIPHER, masterKey, bytes.subarray(0, IV_BYTES))
      decipher.setAAD(authenticated(sealedFor))
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES))
        return Buffer.concat([body, decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

function authenticated(sealedFor: SealedFor): Buffer {
  return Buffer.from(JSON.stringify(sealedFor))
}

/** For secrets of full entropy, which need no salt: what is stored cannot be turned back. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
