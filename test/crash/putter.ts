import { signedHeaders } from '#src/model/sigv4.ts'
import { REGION } from '../organisation.ts'

/** Puts numbered events and remembers those that were acknowledged, with their ids. */
export class Putter {
  readonly acknowledged = new Map<number, string>()
  readonly #caller: { accessKeyId: string; secretAccessKey: string }
  #next = 0

  constructor(caller: { accessKeyId: string; secretAccessKey: string }) {
    this.#caller = caller
  }

  /** One signed call. @throws Error when the hub does not answer 200. */
  async call(url: string, operation: string, input: object): Promise<any> {
    const body = JSON.stringify(input)
    const headers = signedHeaders(
      {
        method: 'POST',
        url: '/',
        headers: {
          host: new URL(url).host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSEvents.${operation}`,
        },
        body,
      },
      { ...this.#caller, region: REGION, service: 'events', now: Date.now() },
    )
    const response = await fetch(url, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${operation}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  /** Puts one request after the other until the hub is gone or the signal aborts. */
  async putUntil(
    url: string,
    signal: AbortSignal,
    onAcknowledged = (n: number, id: string): unknown => this.acknowledged.set(n, id),
  ): Promise<void> {
    while (!signal.aborted) {
      const numbers = Array.from({ length: 1 + Math.floor(Math.random() * 10) }, () => this.#next++)
      const Entries = numbers.map((n) => ({
        Source: 'crash.test',
        DetailType: 'Numbered',
        Detail: JSON.stringify({ n }),
      }))
      try {
        const answer = await this.call(url, 'PutEvents', { Entries })
        for (const [index, n] of numbers.entries()) {
          onAcknowledged(n, answer.Entries[index].EventId)
        }
      } catch {
        // Not acknowledged: the caller would put these again; here they just do not count.
        return
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    }
  }
}
