import { createHash } from 'node:crypto'

import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { BucketLocationConstraint, PutObjectCommandInput } from '@aws-sdk/client-s3'

import {
  OBJECT_BYTES_MAX,
  ObjectTooLargeFault,
  checkKeyPrefix,
  checkObjectKey,
} from '#src/ports/object-store.ts'
import type { ObjectStore, StoredObject } from '#src/ports/object-store.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { AwsCredentials } from './aws-credentials.ts'
import { AnswerTooLargeFault, createOutboundRequestHandler } from './outbound-request-handler.ts'

export interface S3Options {
  readonly outbound: Outbound
  readonly credentials: () => Promise<AwsCredentials>
  readonly region: string
  /** Of something that speaks S3; AWS's own where not given. */
  readonly endpoint?: string
  /** `endpoint/bucket/key` rather than `bucket.endpoint/key`. */
  readonly pathStyle: boolean
  /** Ends every request. */
  readonly signal?: AbortSignal
}

export interface BucketOptions {
  readonly bucket: string
  /** In front of every key; empty, or ending in a slash. */
  readonly prefix: string
  /** Makes the bucket where it is missing when the first object is written. */
  readonly makeBucket: boolean
  readonly serverSideEncryption?: 'AES256' | 'aws:kms'
  /** Key id or ARN for `aws:kms`; the account's own key where not given. */
  readonly kmsKeyId?: string
}

/** One client for any number of buckets. */
export function createS3Client(options: S3Options): S3Client {
  const { outbound, credentials, region, endpoint, pathStyle, signal } = options
  return new S3Client({
    region,
    credentials,
    forcePathStyle: pathStyle,
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: createOutboundRequestHandler(outbound, {
      responseBytesMax: OBJECT_BYTES_MAX,
      ...(signal !== undefined && { signal }),
    }),
    // Others than AWS's own know few of the newer checksums; SHA-256 is sent along in any case.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

/** Objects of a bucket, below a prefix. */
export function createS3ObjectStore(client: S3Client, options: BucketOptions): ObjectStore {
  const { bucket: Bucket, prefix, makeBucket } = options

  const at = (key: string) => {
    checkObjectKey(key)
    return { Bucket, Key: prefix + key }
  }
  const write = async (key: string, content: Uint8Array, condition: { IfNoneMatch?: '*' }) => {
    const input: PutObjectCommandInput = {
      ...at(key),
      ...condition,
      ...encryptionOf(options),
      Body: content,
      ContentLength: content.byteLength,
      // The other side refuses what did not arrive as it was sent.
      ChecksumSHA256: createHash('sha256').update(content).digest('base64'),
    }
    try {
      await client.send(new PutObjectCommand(input))
    } catch (error) {
      if (!makeBucket || nameOf(error) !== 'NoSuchBucket') throw error
      await createBucket(client, Bucket)
      await client.send(new PutObjectCommand(input))
    }
  }

  return {
    location: `s3://${Bucket}/${prefix}`,
    put: (key, content) => write(key, content, {}),
    putIfAbsent: async (key, content) => {
      // Not every S3 heeds the condition, so that most conflicts are seen here already.
      if (await exists(client, at(key))) return false
      try {
        await write(key, content, { IfNoneMatch: '*' })
        return true
      } catch (error) {
        if (nameOf(error) === 'PreconditionFailed') return false
        if (nameOf(error) !== 'NotImplemented') throw error
        await write(key, content, {})
        return true
      }
    },
    get: async (key) => {
      try {
        const { Body } = await client.send(new GetObjectCommand(at(key)))
        return await Body?.transformToByteArray()
      } catch (error) {
        if (isMissing(error)) return undefined
        if (error instanceof AnswerTooLargeFault) throw new ObjectTooLargeFault(key)
        throw error
      }
    },
    list: (wanted) => list(client, options, wanted),
    delete: async (key) => {
      await client.send(new DeleteObjectCommand(at(key))).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
    },
  }
}

function encryptionOf({ serverSideEncryption, kmsKeyId }: BucketOptions) {
  return {
    ...(serverSideEncryption !== undefined && { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
  }
}

async function createBucket(client: S3Client, Bucket: string): Promise<void> {
  const region = await client.config.region()
  // S3 refuses its own first region as a constraint.
  const elsewhere = region !== 'us-east-1' && {
    CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
  }
  try {
    await client.send(new CreateBucketCommand({ Bucket, ...elsewhere }))
  } catch (error) {
    if (nameOf(error) !== 'BucketAlreadyOwnedByYou') throw error
  }
}

async function exists(client: S3Client, at: { Bucket: string; Key: string }): Promise<boolean> {
  try {
    await client.send(new HeadObjectCommand(at))
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function* list(
  client: S3Client,
  { bucket: Bucket, prefix }: BucketOptions,
  wanted: string,
): AsyncGenerator<StoredObject> {
  checkKeyPrefix(wanted)
  const asked = { Bucket, Prefix: prefix + wanted }
  let token: string | undefined
  do {
    const continued = token !== undefined && { ContinuationToken: token }
    let page
    try {
      page = await client.send(new ListObjectsV2Command({ ...asked, ...continued }))
    } catch (error) {
      if (nameOf(error) === 'NoSuchBucket') return
      throw error
    }
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      yield { key: Key.slice(prefix.length), bytes: Size }
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** An answer to HEAD has no body, and so no code but its status. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false
  return (
    ['NoSuchKey', 'NoSuchBucket', 'NotFound'].includes(error.name) ||
    (error.$metadata.httpStatusCode === 404 && error.name === 'Error')
  )
}
