import { setTimeout as sleep } from 'node:timers/promises'

import { systemIds as ids } from '#src/ports/ids.ts'
import { HubFault } from './cli-faults.ts'
import type { HubClient, Query } from './hub-client.ts'
import { createServerSentEventParser } from './server-sent-events.ts'
import type { ServerSentEvent } from './server-sent-events.ts'

export interface FollowOptions {
  readonly query: Query
  /** Told when the connection is lost and when it is back. */
  readonly onNote: (text: string) => void
}

const PATH = '/events/stream'
/** The hub sends a comment every 15 seconds; three missing ones mean that it is gone. */
const SILENCE_MS_MAX = 45_000
const FIRST_PAUSE_MS = 500
const PAUSE_MS_MAX = 10_000

/**
 * The events of the hub's stream, without end. A lost connection is made again, from the event
 * after the last one that was read.
 * @throws HubFault, CommandFault where the first connection fails or the hub refuses a later one.
 */
export async function* followStream(
  hub: HubClient,
  { query, onNote }: FollowOptions,
): AsyncGenerator<ServerSentEvent> {
  let lastEventId = ''
  let failures = 0
  let connected = false
  let lost = false
  for (;;) {
    try {
      for await (const event of oneConnection(hub, query, { lastEventId, onOpen })) {
        lastEventId = event.lastEventId
        failures = 0
        yield event
      }
    } catch (error) {
      if (!connected || isRefusal(error)) throw error
    }
    if (!lost) onNote(`the connection to ${hub.url} is lost: trying until it is back`)
    lost = true
    await sleep(pauseAfter(failures))
    failures += 1
  }

  function onOpen(): void {
    if (lost) onNote('connected again')
    lost = false
    connected = true
  }
}

/** Ends, or throws, when the connection does. */
async function* oneConnection(
  hub: HubClient,
  query: Query,
  { lastEventId, onOpen }: { readonly lastEventId: string; readonly onOpen: () => void },
): AsyncGenerator<ServerSentEvent> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX)
  try {
    const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId }
    const answer = await hub.stream(PATH, query, { headers, signal: silence.signal })
    onOpen()
    if (answer.body === null) return
    const parser = createServerSentEventParser()
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      timer.refresh()
      for (const event of parser.push(piece)) {
        yield { ...event, lastEventId: event.lastEventId || lastEventId }
      }
    }
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof HubFault && error.status < 500
}

/** Longer each time, and never in step with others that lost the same hub. */
function pauseAfter(failures: number): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, PAUSE_MS_MAX)
  return pauseMs * (0.5 + ids.fraction() / 2)
}
