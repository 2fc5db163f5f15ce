import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'

import { BucketFault } from '#src/ports/bucket-reader.ts'
import type { Bucket, BucketObject, BucketPlace, BucketReader } from '#src/ports/bucket-reader.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { assumeRole } from './assumed-role.ts'
import type { AwsCredentials } from './aws-credentials.ts'
import { createOutboundRequestHandler } from './outbound-request-handler.ts'
import { createS3Client } from './s3-object-store.ts'

export interface S3BucketReaderOptions {
  readonly outbound: Outbound
  /** The hub's own. */
  readonly credentials: () => Promise<AwsCredentials>
  /** Of something that speaks like AWS; AWS's own where not given. */
  readonly endpoint?: string
}

/** Of an object in one answer, which is in memory as a whole. */
const RANGE_BYTES = 8 * 1024 * 1024

export function createS3BucketReader(options: S3BucketReaderOptions): BucketReader {
  return { open: (place, signal) => openBucket(clientFor(options, place, signal), place.bucket) }
}

function clientFor(
  { outbound, credentials, endpoint }: S3BucketReaderOptions,
  { region, roleArn, externalId }: BucketPlace,
  signal: AbortSignal,
): S3Client {
  const at = { region, ...(endpoint !== undefined && { endpoint }) }
  const requestHandler = createOutboundRequestHandler(outbound, { signal })
  return createS3Client({
    ...at,
    outbound,
    signal,
    pathStyle: endpoint !== undefined,
    credentials:
      roleArn === undefined
        ? credentials
        : () => assumeRole({ ...at, credentials, requestHandler }, { roleArn, externalId }),
  })
}

function openBucket(client: S3Client, Bucket: string): Bucket {
  const asking = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      throw new BucketFault(`${what} s3://${Bucket}: ${reasonOf(error)}`, { cause: error })
    }
  }
  return {
    keys: async function* (Prefix) {
      let token: string | undefined
      do {
        const continued = token !== undefined && { ContinuationToken: token }
        const page = await asking('cannot list', () =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix, ...continued })),
        )
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key
        token = page.NextContinuationToken
      } while (token !== undefined)
    },
    find: (Key) =>
      asking(`cannot look for "${Key}" in`, async (): Promise<BucketObject | undefined> => {
        try {
          const found = await client.send(new HeadObjectCommand({ Bucket, Key }))
          return { bytes: found.ContentLength ?? 0, etag: found.ETag ?? '' }
        } catch (error) {
          const isMissing =
            error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404
          if (isMissing) return undefined
          throw error
        }
      }),
    read: async function* (Key, { bytes, etag: IfMatch }) {
      for (let from = 0; from < bytes; from += RANGE_BYTES) {
        const Range = `bytes=${from}-${Math.min(bytes, from + RANGE_BYTES) - 1}`
        yield await asking(`cannot read "${Key}" in`, async () => {
          const got = await client.send(new GetObjectCommand({ Bucket, Key, Range, IfMatch }))
          return (await got.Body?.transformToByteArray()) ?? new Uint8Array()
        })
      }
    },
  }
}

const REASONS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket',
  PermanentRedirect: 'the bucket is in another region: say in which',
  PreconditionFailed: 'it was replaced while it was read: import it again',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  // Of a role that cannot be assumed, what AWS says to it.
  const because = cause instanceof Error ? `: ${cause.message}` : ''
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  // An answer to HEAD says no more than its status.
  if (status === 403)
    return 'AWS refuses it: does the role, or the hub, have s3:GetObject and s3:ListBucket?'
  return REASONS[error.name] ?? `${error.message}${because}`
}
