import { createHash, createHmac } from 'node:crypto'

/** An access key, the region that it signs for, and the time. */
export interface Signer {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** Epoch ms. */
  readonly at: number
}

const SERVICE = 'belfry'
const SIGNED = 'content-type;host;x-amz-date'

/**
 * The headers of a POST of JSON that is signed with AWS Signature Version 4, but for `host`, which
 * the sender sets. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signedPost(url: URL, body: string, signer: Signer): Record<string, string> {
  const stamp = new Date(signer.at).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [stamp.slice(0, 8), signer.region, SERVICE, 'aws4_request']
  const type = 'application/json'
  const request = ['POST', encodedOnceMore(url.pathname), '']
    .concat(`content-type:${type}`, `host:${url.host}`, `x-amz-date:${stamp}`, '')
    .concat(SIGNED, sha256(body))
  const text = ['AWS4-HMAC-SHA256', stamp, scope.join('/'), sha256(request.join('\n'))].join('\n')
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${signer.secretAccessKey}`)
  const credential = `${signer.accessKeyId}/${scope.join('/')}`
  return {
    'content-type': type,
    'x-amz-date': stamp,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${SIGNED}, Signature=${hmac(key, text).toString('hex')}`,
  }
}

/** As for every service but S3. */
function encodedOnceMore(path: string): string {
  const escaped = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`
  return path
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, escaped))
    .join('/')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
