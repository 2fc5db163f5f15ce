import { patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { AGENDA, agendaPlace } from './documents.ts'
import { lookAt } from './round.ts'
import type { SenderPorts } from './sender-ports.ts'

/** Clocks may be set, and Node's timers overflow: the agenda is looked at this often at least. */
const LOOK_AGAIN_AFTER_MS_MAX = 60_000

interface Lane {
  wake: PromiseWithResolvers<void>
}

/**
 * Tells people what is in the agenda, each channel at its own pace: a channel that is slow, or does
 * not answer, holds up no other. What was not sent stays in the agenda, so a crash loses none of
 * it. Runs until the signal aborts.
 */
export async function sendNotifications(ports: SenderPorts, signal: AbortSignal): Promise<void> {
  const { state } = ports
  const lanes = new Map<string, Lane>()
  const running = new Set<Promise<void>>()

  const wake = (channelId: string) => {
    const lane = lanes.get(channelId)
    if (lane !== undefined) return lane.wake.resolve()
    const started: Lane = { wake: Promise.withResolvers() }
    lanes.set(channelId, started)
    const run = runLane(ports, channelId, started, signal).finally(() => {
      lanes.delete(channelId)
      running.delete(run)
    })
    running.add(run)
  }

  const stopWatching = state.watch((changes) => {
    for (const { collection, key, value } of changes) {
      if (collection === AGENDA.name && value !== undefined) wake(agendaPlace(key).channelId)
    }
  })
  const onFault = (error: unknown) => ports.observer.stageFaulted('notify', error)
  await patiently(
    async () => {
      for (const channelId of await channelsInAgenda(state)) wake(channelId)
    },
    onFault,
    signal,
  )
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  stopWatching()
  for (const lane of lanes.values()) lane.wake.resolve()
  await Promise.all(running)
}

/** One channel's, for as long as the hub runs: its agenda is looked at whenever something is due. */
async function runLane(
  ports: SenderPorts,
  channelId: string,
  lane: Lane,
  signal: AbortSignal,
): Promise<void> {
  const onFault = (error: unknown) => ports.observer.stageFaulted('notify', error)
  while (!signal.aborted) {
    lane.wake = Promise.withResolvers()
    const nextAt = await patiently(() => lookAt(ports, channelId, signal), onFault, signal)
    if (signal.aborted) return
    const waitMs = Math.max(0, (nextAt ?? Infinity) - ports.clock.now())
    const timer = setTimeout(lane.wake.resolve, Math.min(waitMs, LOOK_AGAIN_AFTER_MS_MAX))
    await lane.wake.promise
    clearTimeout(timer)
  }
}

async function channelsInAgenda(state: State): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let after = ''
  for (;;) {
    const [next] = await state.list(AGENDA, { after, limit: 1 })
    if (next === undefined) return found
    const { channelId } = agendaPlace(next.key)
    found.add(channelId)
    // Past all that this channel has.
    after = `${channelId}}`
  }
}
