import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

import { RestError } from '#src/errors.ts'
import { patiently } from '#src/ports/patiently.ts'
import { collection } from '#src/ports/state.ts'
import type { Collection, State, StateTransaction } from '#src/ports/state.ts'
import { ACCOUNT_COUNTS, NOTHING, recount } from './counts.ts'
import { CHECK_RULES, FINDINGS, FINDING_COUNTS, keyOfRule } from './documents.ts'
import { EXCEPTIONS, askForReview } from './exception-documents.ts'
import { SUMMARIES } from './summaries.ts'

/**
 * Counts are kept as findings change, so those of a store that an older version of the hub has written
 * may be missing, or lack what has not changed since. They are made anew at the first start, before
 * anything changes a finding: the old ones go, then findings are counted in the order of their keys.
 * Each part is one transaction with the note of how far it came, so that a start which is cut off
 * goes on there.
 */
export interface Counting {
  /** Makes counts anew where that is due; nothing may change findings until it ends. */
  run(onFault: (error: unknown) => void, signal: AbortSignal): Promise<void>
  /**
   * Resolves once counts are right.
   * @throws RestError 503 where that takes long
   */
  counted(): Promise<void>
}

/** Another than what a store has been counted by has it counted once more. */
const COUNTS_VERSION = 1
const DOCUMENTS_PER_TRANSACTION = 250
/** Less than what proxies give a request. */
const WAIT_MS_MAX = 10_000

interface Progress {
  readonly version: number
  /** An index of STEPS; their number where all is done. */
  readonly step: number
  /** The last key that the step has seen to. */
  readonly after?: string
}

const PROGRESS = collection<Progress>('finding-counting')
const KEY = 'progress'

/** Sees to the documents of a step after a key. @returns the last key, where there may be more */
type Step = (
  state: Pick<State, 'list'>,
  transaction: StateTransaction,
  after: string | undefined,
) => Promise<string | undefined>

const STEPS: readonly Step[] = [
  forEachOf(ACCOUNT_COUNTS, (transaction, key) => transaction.delete(ACCOUNT_COUNTS, key)),
  forEachOf(FINDING_COUNTS, (transaction, key) => transaction.delete(FINDING_COUNTS, key)),
  forEachOf(SUMMARIES, (transaction, key, summary) => {
    transaction.put(SUMMARIES, key, { ...summary, failing: 0 })
  }),
  forEachOf(CHECK_RULES, (transaction, key, rule) => {
    transaction.put(CHECK_RULES, key, { ...rule, ...NOTHING, failing: 0 })
  }),
  // Older versions did not write on findings that they are excepted.
  forEachOf(EXCEPTIONS, (transaction, _, { organisationId }) =>
    askForReview(transaction, organisationId),
  ),
  forEachOf(FINDINGS, async (transaction, _, finding) => {
    const rule = await transaction.get(CHECK_RULES, keyOfRule(finding))
    await recount(transaction, rule, { before: undefined, after: finding })
    const { organisationId } = finding
    const before = (await transaction.get(FINDING_COUNTS, organisationId)) ?? 0
    transaction.put(FINDING_COUNTS, organisationId, before + 1)
  }),
]

function forEachOf<T>(
  from: Collection<T>,
  work: (transaction: StateTransaction, key: string, value: T) => Promise<void> | void,
): Step {
  return async (state, transaction, after) => {
    const limit = DOCUMENTS_PER_TRANSACTION
    const page = await state.list(from, { limit, ...(after !== undefined && { after }) })
    for (const { key, value } of page) await work(transaction, key, value)
    return page.length < limit ? undefined : page.at(-1)?.key
  }
}

export function createCounting(state: State): Counting {
  const ended = Promise.withResolvers<void>()
  let isDone = false
  return {
    run: async (onFault, signal) => {
      while (!isDone && !signal.aborted) {
        isDone = (await patiently(() => countPart(state), onFault, signal)) ?? false
        await nextTurn()
      }
      ended.resolve()
    },
    counted: async () => {
      if (!isDone)
        await Promise.race([ended.promise, sleep(WAIT_MS_MAX, undefined, { ref: false })])
      if (isDone) return
      throw new RestError(
        503,
        'compliance.counting',
        'findings are being counted, once after an update of the hub: ask again in a minute',
      )
    },
  }
}

/** @returns whether all is done */
async function countPart(state: State): Promise<boolean> {
  return state.transact(async (transaction) => {
    const known = await transaction.get(PROGRESS, KEY)
    const { step, after } = known?.version === COUNTS_VERSION ? known : { step: 0 }
    const work = STEPS[step]
    if (work === undefined) return true
    const last = await work(state, transaction, after)
    const next = last === undefined ? { step: step + 1 } : { step, after: last }
    transaction.put(PROGRESS, KEY, { version: COUNTS_VERSION, ...next })
    return false
  })
}
