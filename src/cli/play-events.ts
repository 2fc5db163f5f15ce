import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { CommandFault, HubFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { playableEvent } from './sample-events.ts'
import type { PrintedEvent, Stage } from './sample-events.ts'

export interface Play extends Stage {
  readonly events: readonly PrintedEvent[]
  readonly ingestKey: string
  readonly perSecond: number
  readonly times: number
  readonly onProgress: (played: number) => void
}

export interface Played {
  readonly taken: number
  readonly refused: number
  /** Why, and how many for each reason. */
  readonly reasons: ReadonlyMap<string, number>
}

interface CollectorAnswer {
  readonly accepted: number
  readonly refused: readonly { readonly code: string; readonly message: string }[]
}

const REQUESTS_PER_SECOND = 10
/** The hub takes 1,000 at once. */
const EVENTS_PER_REQUEST_MAX = 500
const MS_PER_SECOND = 1_000
/** 429: the hub asks to send slower. */
const OVERLOADED = 429
const OVERLOADED_PAUSE_MS = 500
const OVERLOADED_TRIES_MAX = 20

/** Sends the events through `POST /ingest/aws`, evenly in time. */
export async function playEvents(hub: HubClient, play: Play): Promise<Played> {
  const { events, perSecond, times, onProgress } = play
  const total = events.length * times
  const perRequest = Math.ceil(perSecond / REQUESTS_PER_SECOND)
  const step = Math.min(perRequest, EVENTS_PER_REQUEST_MAX)
  const startedAt = clock.now()
  const reasons = new Map<string, number>()
  let taken = 0
  for (let at = 0; at < total; at += step) {
    const due = startedAt + (at / perSecond) * MS_PER_SECOND
    await sleep(Math.max(0, due - clock.now()))
    const printed = Array.from({ length: Math.min(step, total - at) }, (_, index) =>
      eventAt(events, at + index),
    )
    const answer = await send(hub, play, printed)
    taken += answer.accepted
    for (const { code, message } of answer.refused) {
      const reason = `${code}: ${message}`
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    onProgress(at + printed.length)
  }
  return { taken, refused: total - taken, reasons }
}

async function send(
  hub: HubClient,
  play: Play,
  printed: readonly PrintedEvent[],
): Promise<CollectorAnswer> {
  const events = printed.map((event) =>
    playableEvent(event, play, { id: ids.uuid(), now: clock.now() }),
  )
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': play.ingestKey },
    body: JSON.stringify(events),
  }
  for (let tries = 0; tries < OVERLOADED_TRIES_MAX; tries += 1) {
    const answer = await hub.plain('/ingest/aws', init)
    const body = (await answer.json()) as CollectorAnswer | { code: string; message: string }
    if ('accepted' in body) return body
    if (answer.status !== OVERLOADED) throw new HubFault(answer.status, body.code, body.message)
    await sleep(OVERLOADED_PAUSE_MS)
  }
  throw new CommandFault('the hub stays overloaded: play again with a lower --rate')
}

function eventAt(events: readonly PrintedEvent[], at: number): PrintedEvent {
  return events[at % events.length] ?? {}
}
