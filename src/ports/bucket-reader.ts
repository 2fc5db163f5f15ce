/** A bucket of S3 that an organisation lets the hub read, and how the hub may. */
export interface BucketPlace {
  readonly bucket: string
  readonly region: string
  /** Assumed to read it; the hub's own credentials where not given. */
  readonly roleArn?: string
  /** What the role's trust policy may ask for, so that no other organisation uses the role. */
  readonly externalId: string
}

export interface BucketObject {
  readonly bytes: number
  /** Changes when the object does. */
  readonly etag: string
}

/** Reads buckets of others. All throw BucketFault. */
export interface BucketReader {
  open(place: BucketPlace, signal: AbortSignal): Bucket
}

export interface Bucket {
  /** Keys that start with the prefix, in order. */
  keys(prefix: string): AsyncIterable<string>
  /** Undefined where there is none. */
  find(key: string): Promise<BucketObject | undefined>
  /** What is in an object that was found, some megabytes at a time. */
  read(key: string, found: BucketObject): AsyncIterable<Uint8Array>
}

/** Why a bucket cannot be read, in words for whoever named it. */
export class BucketFault extends Error {
  override readonly name = 'BucketFault'
}
