import { createHash } from 'node:crypto'

import { BUS_LOGS, busArnOf } from '#src/buses/documents.ts'
import { busArn as arnOfBus, parseBusArn, parseRuleArn } from '#src/model/arn.ts'
import type { LogConfig } from '#src/model/bus-log.ts'
import type { Delivery } from '#src/model/delivery.ts'
import type { LogPosition } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { LogWriter } from './log-writer.ts'
import { recordOf } from './record.ts'
import { attemptSteps, expiredSteps, heldUpStep, letterSteps, refusedStep } from './steps.ts'
import { routedSteps } from './steps.ts'
import type { LoggedStep } from './steps.ts'

export interface BusLogPorts {
  readonly state: State
  readonly writer: LogWriter
  readonly clock: Clock
}

/** What of the stages' work goes to the logs of buses. */
export type BusLogs = Pick<
  Observer,
  | 'entryRefused'
  | 'eventsRouted'
  | 'attemptFinished'
  | 'deliveryExpired'
  | 'deliveryHeldUp'
  | 'letterSent'
>

const CONFIGS_PER_READ = 1_000

/** Logs of event buses: what the stages tell, of buses that log, to the file of each. */
export async function createBusLogs({ state, writer, clock }: BusLogPorts): Promise<BusLogs> {
  const configs = await followedConfigs(state)
  const write = (busArn: string, steps: () => readonly LoggedStep[]) => {
    const config = configs.get(busArn)
    if (config === undefined) return
    for (const step of steps()) {
      const line = recordOf(busArn, step, config)
      if (line !== undefined) writer.add(logFileOf(busArn), line)
    }
  }
  const writeOf = (
    delivery: Pick<Delivery, 'ruleArn' | 'managed'>,
    steps: () => readonly LoggedStep[],
  ) => {
    if (configs.size === 0 || delivery.managed) return
    // A schedule of the Scheduler is no rule, and has no bus.
    const rule = parseRuleArn(delivery.ruleArn)
    if (rule !== undefined) write(arnOfBus(rule.bus), steps)
  }

  return {
    entryRefused: (_door, _code, refused) => {
      for (const arn of refused?.busArns ?? []) {
        write(arn, () => (refused === undefined ? [] : [refusedStep(refused, clock.now())]))
      }
    },
    eventsRouted: ({ batches, deliveries }) => {
      if (configs.size === 0) return
      const now = clock.now()
      const byEvent = Map.groupBy<LogPosition, Delivery>(deliveries, ({ position }) => position)
      for (const { position, event } of batches.flatMap(({ events }) => events)) {
        if (event.awaitsEnrichment || event.scheduled !== undefined) continue
        write(event.busArn, () => routedSteps(event, byEvent.get(position) ?? [], now))
      }
    },
    attemptFinished: (attempt) => writeOf(attempt.delivery, () => attemptSteps(attempt)),
    deliveryExpired: (expired) =>
      writeOf(expired.delivery, () => expiredSteps(expired, clock.now())),
    deliveryHeldUp: (delivery, event) =>
      writeOf(delivery, () => [heldUpStep(delivery, event, clock.now())]),
    letterSent: (send) =>
      // Managed rules have targets of the hub's own, without dead-letter queues.
      writeOf({ ruleArn: send.letter.ruleArn, managed: false }, () =>
        letterSteps(send, clock.now()),
      ),
  }
}

/** How buses log, by ARN; of most nothing is known, for they do not. */
async function followedConfigs(state: State): Promise<ReadonlyMap<string, LogConfig>> {
  const configs = new Map<string, LogConfig>()
  const set = (key: string, config: LogConfig | undefined) => {
    if (config === undefined || config.level === 'OFF') configs.delete(busArnOf(key))
    else configs.set(busArnOf(key), config)
  }
  state.watch((changes) => {
    for (const { collection, key, value } of changes) {
      if (collection === BUS_LOGS.name) set(key, value as LogConfig | undefined)
    }
  })
  let after: string | undefined
  do {
    const found = await state.list(BUS_LOGS, {
      prefix: '',
      limit: CONFIGS_PER_READ,
      ...(after !== undefined && { after }),
    })
    for (const { key, value } of found) set(key, value)
    after = found.length === CONFIGS_PER_READ ? found.at(-1)?.key : undefined
  } while (after !== undefined)
  return configs
}

/** What a file's name may have of a bus's, beside a hash where that is longer. */
const NAME_CHARACTERS_MAX = 180

/** `<account>/<region>/<bus>.ndjson`, whatever the bus is called. */
function logFileOf(busArn: string): string {
  const { account = '', region = '', name = '' } = parseBusArn(busArn) ?? {}
  const encoded = encodeURIComponent(name)
  const hash = () => createHash('sha256').update(name).digest('hex').slice(0, 16)
  const short =
    encoded.length <= NAME_CHARACTERS_MAX
      ? encoded
      : `${encoded.slice(0, NAME_CHARACTERS_MAX)}~${hash()}`
  return `${account}/${region}/${short}.ndjson`
}
