import { accountIn } from '#src/model/arn.ts'
import type { DeadLetterCode } from '#src/model/delivery.ts'
import { parseFileTarget } from '#src/model/event-file.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { AppendOutcome, EventFiles } from '#src/ports/event-files.ts'
import type { TargetKind } from '../dispatcher.ts'
import type { AttemptOutcome } from '../retry-schedule.ts'

/** Attempts end in a flush of the file, which they share. */
const ATTEMPTS_PER_TARGET_MAX = 256

const CODES: Readonly<Record<Failure['reason'], DeadLetterCode>> = {
  fault: 'ERROR_FROM_TARGET',
  forbidden: 'NO_PERMISSIONS',
  'not-a-file': 'INVALID_PARAMETER',
}
type Failure = Extract<AppendOutcome, { kind: 'failed' }>

/** A target that is a file of the hub's machine: it gets a line of JSON for each event. */
export function createEventFileTarget(files: EventFiles | undefined): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const { arn } = delivery.target
      const path = parseFileTarget(arn)
      if (path === undefined) {
        return refused('INVALID_PARAMETER', `"${arn}" names no file`)
      }
      if (files === undefined) {
        return refused('NO_PERMISSIONS', 'files are off: start the hub with --file-targets FOLDER')
      }
      const input = inputFor(delivery, event)
      if (!input.ok) return { kind: 'permanent', error: input.error }
      // An account's files are in a folder of its own: nobody writes into another's.
      const account = accountIn(delivery.ruleArn)
      const outcome = await files.append(`${account}/${path}`, lineOf(input.text))
      if (outcome.kind === 'written') return { kind: 'success' }
      const { reason, message } = outcome
      const error = { code: CODES[reason], message }
      return { kind: reason === 'fault' ? 'retryable' : 'permanent', error }
    },
  }
}

/** JSON on one line: in it, line breaks stand between values only. Other text becomes a string. */
function lineOf(text: string): string {
  return isJson(text) ? text.replaceAll(/[\r\n]+/g, ' ') : JSON.stringify(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function refused(code: DeadLetterCode, message: string): AttemptOutcome {
  return { kind: 'permanent', error: { code, message } }
}
