import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startHttp } from '#src/adapters/outbound/loopback-server.fixture.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { allOf, objectStoreContract } from '#src/ports/object-store.contract.ts'
import { OBJECT_BYTES_MAX, ObjectTooLargeFault } from '#src/ports/object-store.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import { createS3Client, createS3ObjectStore } from './s3-object-store.ts'
import type { BucketOptions } from './s3-object-store.ts'

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'SECRET' }
let s3: FauxqsServer
const outbound = createOutbound({ allowPrivateTargets: true })
let buckets = 0

beforeAll(async () => {
  s3 = await startFauxqs({ port: 0, logger: false })
})
afterAll(async () => {
  await outbound.close()
  await s3.stop()
})

function storeIn(options: Partial<BucketOptions>, through = outbound, endpoint = s3.address) {
  const client = createS3Client({
    outbound: through,
    credentials: async () => CREDENTIALS,
    region: 'ap-southeast-2',
    endpoint,
    pathStyle: true,
  })
  const bucket = `bucket-${(buckets += 1)}`
  return createS3ObjectStore(client, { bucket, prefix: '', makeBucket: true, ...options })
}

objectStoreContract(async () => {
  const bucket = `contract-${(buckets += 1)}`
  const open = () => storeIn({ bucket, prefix: 'below/this/' })
  return { port: open(), restart: async () => open() }
})

const keysOf = async (store: ObjectStore, prefix: string) =>
  (await allOf(store, prefix)).map(({ key }) => key)

describe('a bucket', () => {
  it('is listed to its end, page by page', async () => {
    const store = storeIn({})
    const keys = Array.from({ length: 1_050 }, (_, index) => `k/${String(index).padStart(5, '0')}`)
    await Promise.all(keys.map((key) => store.put(key, new Uint8Array([1]))))
    expect(await keysOf(store, 'k/')).toEqual(keys)
  })

  it('that is missing is a fault of the writer where the hub is not to make it', async () => {
    const store = storeIn({ makeBucket: false })
    expect(await store.get('a')).toBeUndefined()
    expect(await keysOf(store, '')).toEqual([])
    await expect(store.put('a', new Uint8Array())).rejects.toMatchObject({ name: 'NoSuchBucket' })
  })

  it('shows what stands below its prefix only', async () => {
    const bucket = `shared-${(buckets += 1)}`
    const [one, other] = [storeIn({ bucket, prefix: 'one/' }), storeIn({ bucket, prefix: 'on/' })]
    await one.put('a', new Uint8Array([1]))
    await other.put('b', new Uint8Array([2]))
    expect(await keysOf(one, '')).toEqual(['a'])
    expect(await keysOf(other, '')).toEqual(['b'])
    expect(one.location).toBe(`s3://${bucket}/one/`)
  })

  it('is not read where an object is larger than a hub writes', async () => {
    await using endless = await startHttp((_request, response) => {
      response.end(Buffer.alloc(OBJECT_BYTES_MAX + 1))
    })
    const store = storeIn({}, outbound, endless.url)
    await expect(store.get('large')).rejects.toBeInstanceOf(ObjectTooLargeFault)
  })

  it('is written with what was asked for, and what is asked for is checked', async () => {
    const seen: Record<string, unknown>[] = []
    await using server = await startHttp((request, response) => {
      seen.push(request.headers)
      response.writeHead(request.method === 'HEAD' ? 404 : 200).end()
    })
    const sealed = { serverSideEncryption: 'aws:kms', kmsKeyId: 'alias/trail' } as const
    const store = storeIn(sealed, outbound, server.url)
    expect(await store.putIfAbsent('a', Buffer.from('abc'))).toBe(true)
    expect(seen.at(-1)).toMatchObject({
      'if-none-match': '*',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/trail',
      'x-amz-checksum-sha256': 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=',
      'content-length': '3',
      host: `127.0.0.1:${server.port}`,
    })
  })

  it.each([
    [412, 'PreconditionFailed', false],
    [501, 'NotImplemented', true],
  ])('that answers a conditional write with %i decides by it', async (status, code, written) => {
    await using server = await startHttp((request, response) => {
      if (request.method === 'HEAD') return response.writeHead(404).end()
      if (request.headers['if-none-match'] === undefined) return response.writeHead(200).end()
      response.writeHead(status, { 'content-type': 'application/xml' })
      return response.end(`<Error><Code>${code}</Code><Message>no</Message></Error>`)
    })
    const store = storeIn({}, outbound, server.url)
    expect(await store.putIfAbsent('a', Buffer.from('abc'))).toBe(written)
  })

  it('at a private address is out of reach unless private targets are allowed', async () => {
    const strict = createOutbound({ allowPrivateTargets: false })
    await expect(storeIn({}, strict).put('a', new Uint8Array())).rejects.toThrow(
      '--allow-private-targets',
    )
    await strict.close()
  })
})
