import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { signedHeaders } from '#src/model/sigv4.ts'
import type { Load, LoadReport } from './load-generator.ts'

/** Runs a load in a thread of its own. */
export async function run(load: Load): Promise<LoadReport> {
  const worker = new Worker(new URL('./load-generator.ts', import.meta.url), { workerData: load })
  const [report] = (await once(worker, 'message')) as [LoadReport]
  await worker.terminate()
  return report
}

export interface Caller {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const REGION = 'ap-southeast-2'

/** A signed PutEvents of `entries` entries of about `entryBytes` bytes, as it goes over the wire. */
export function putEventsRequest(
  port: number,
  caller: Caller,
  entries: readonly object[],
): Uint8Array {
  const body = JSON.stringify({ Entries: entries })
  const headers = signedHeaders(
    {
      method: 'POST',
      url: '/',
      headers: {
        host: `127.0.0.1:${port}`,
        'content-type': 'application/x-amz-json-1.1',
        'content-length': String(Buffer.byteLength(body)),
        'x-amz-target': 'AWSEvents.PutEvents',
      },
      body,
    },
    { ...caller, region: REGION, service: 'events', now: Date.now() },
  )
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST / HTTP/1.1\r\n${head.join('')}\r\n${body}`)
}

/** An order event of about 1 KB in all, as applications write them. */
export function orderEntry(number: number, extra: object = {}): object {
  const detail = {
    orderId: `order-${number}`,
    customer: { id: `customer-${number % 997}`, country: 'AU', tier: 'gold' },
    total: 129.95,
    currency: 'AUD',
    items: Array.from({ length: 6 }, (_, index) => ({
      sku: `SKU-${(number * 7 + index) % 10_000}`,
      quantity: 1 + (index % 3),
      price: 19.99 + index,
      name: `A thing of some kind, number ${index}`,
    })),
    note: 'x'.repeat(180),
    ...extra,
  }
  return { Source: 'shop.orders', DetailType: 'Order Placed', Detail: JSON.stringify(detail) }
}
