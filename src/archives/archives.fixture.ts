import { AWS_QUOTAS } from '#src/model/quotas.ts'
import { keepBus } from '#src/buses/managed-wiring.ts'
import { createRuleTable } from '#src/buses/rule-table.ts'
import { createRules } from '#src/buses/rules.ts'
import { busArn } from '#src/model/arn.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { observing, temporaryStore, until } from '#src/pipeline/pipeline.fixture.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { archiveEvents } from './archiver.ts'
import type { ArchiverPorts } from './archiver.ts'
import { createArchives } from './archives.ts'
import { replayEvents } from './replayer.ts'
import type { ReplayerPorts } from './replayer.ts'
import { createReplays } from './replays.ts'
import { keepRetention } from './retention.ts'

export const PLACE = { account: '111111111111', region: 'ap-southeast-2' }
/** The bus on which the pipeline's fixture records events. */
export const SOURCE = { ...PLACE, name: 'default' }
export const SOURCE_ARN = busArn(SOURCE)

export type ArchiveRig = Awaited<ReturnType<typeof archiveRig>>

/** Archives and replays over a real store and log, each part run as a test likes. */
export async function archiveRig() {
  const { store, remove } = await temporaryStore()
  const { state, eventArchive, cursors } = store
  let now = Date.parse('2026-01-31T12:00:00Z')
  const clock = { now: () => now }
  const log = await createRecorder(store.log, clock)
  const { observer, faults } = observing()
  const ruleTable = createRuleTable(state)
  await state.transact((transaction) => keepBus(transaction, SOURCE, { clock }))
  let passed = 0

  const running = (run: (signal: AbortSignal) => Promise<void>) => {
    const stopping = new AbortController()
    const ended = run(stopping.signal)
    return async () => {
      stopping.abort()
      await ended
    }
  }
  const startArchiver = (given: Partial<ArchiverPorts> = {}) =>
    running((signal) =>
      archiveEvents(
        {
          ...{ state, log, cursors, eventArchive, observer },
          // Writes become due as time goes by.
          clock: { now: () => Date.now() },
          archivesOf: async (bus) => {
            const rules = await ruleTable.rulesOf(bus)
            return (eventJson) => rules?.matchArchives(eventJson) ?? []
          },
          onPassed: (sequence) => (passed = sequence),
          ...given,
        },
        signal,
      ),
    )
  return {
    ...{ state, eventArchive, log, faults, remove, startArchiver },
    archives: createArchives({ state, clock, ids, log, eventArchive, quotas: AWS_QUOTAS }),
    replays: createReplays({ state, clock, log }),
    rules: createRules({ state, clock, quotas: AWS_QUOTAS }),
    advance: (ms: number) => (now += ms),
    /** Runs the archiver until it has read the log. */
    archive: async () => {
      const stop = startArchiver()
      await until(() => passed >= log.lastSequence(), 'all events were in their archives')
      await stop()
    },
    startReplayer: (given: Partial<ReplayerPorts> = {}) =>
      running((signal) =>
        replayEvents(
          {
            ...{ state, log, eventArchive, clock, observer },
            busExists: async (arn) => (await ruleTable.rulesOf(arn)) !== undefined,
            archived: async () => undefined,
            routed: async () => undefined,
            targetsAreBehind: () => false,
            ...given,
          },
          signal,
        ),
      ),
    startRetention: () =>
      running((signal) => keepRetention({ state, eventArchive, clock, observer }, signal)),
  }
}
