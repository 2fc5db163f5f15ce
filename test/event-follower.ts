import type { HubProcess } from './hub-process.ts'
import { proofOf } from './rest-caller.ts'
import type { Caller } from './rest-caller.ts'

/** One server-sent event of the live stream. */
export interface StreamedEvent {
  readonly id: string
  /** As it was sent, with its numbers as they were written. */
  readonly text: string
  readonly data: {
    readonly position: number
    readonly bus: string
    readonly accountName?: string
    readonly event: any
  }
}

export interface EventFollower {
  readonly events: readonly StreamedEvent[]
  /** Resolves with the events that pass the filter, once there are `count`. */
  waitFor(
    count: number,
    accept?: (event: StreamedEvent) => boolean,
  ): Promise<readonly StreamedEvent[]>
  close(): void
}

const WAIT_MS_MAX = 15_000

/** Follows the live stream; resolves once the hub answers, so that nothing after it is missed. */
export async function follow(
  hub: HubProcess,
  caller: Caller,
  query: Readonly<Record<string, string>> = {},
  lastEventId?: string,
): Promise<EventFollower> {
  const path = `/events/stream?${new URLSearchParams(query).toString()}`
  const leaving = new AbortController()
  const response = await fetch(`${hub.url}/api/v1${path}`, {
    headers: {
      ...proofOf(hub, caller, { method: 'GET', path }),
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: leaving.signal,
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const events: StreamedEvent[] = []
  void read(response, events).catch(() => undefined)
  return {
    events,
    waitFor: async (count, accept = () => true) => {
      const deadline = Date.now() + WAIT_MS_MAX
      for (;;) {
        const found = events.filter(accept)
        if (found.length >= count) return found
        if (Date.now() > deadline) {
          const came = JSON.stringify(events.slice(-3))
          throw new Error(`${found.length} of ${count} events came, the last: ${came}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    close: () => leaving.abort(),
  }
}

async function read(response: Response, events: StreamedEvent[]): Promise<void> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() as string
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => {
          const colon = line.indexOf(': ')
          return [line.slice(0, colon), line.slice(colon + 2)]
        }),
      )
      const data = fields.get('data')
      if (data === undefined) continue
      events.push({ id: fields.get('id') as string, text: data, data: JSON.parse(data) })
    }
  }
}
