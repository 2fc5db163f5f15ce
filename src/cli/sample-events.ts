import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { isoSeconds } from '#src/model/event.ts'
import { CommandFault } from './cli-faults.ts'

/** An event as AWS's documentation and open-source projects print it. */
export type PrintedEvent = Readonly<Record<string, unknown>>

/** Where the printed events are to have happened. */
export interface Stage {
  readonly accounts: readonly string[]
  readonly regions: readonly string[]
}

const SAMPLES = new URL('../../samples/aws-events.ndjson', import.meta.url)

export async function readPrintedEvents(): Promise<readonly PrintedEvent[]> {
  const text = await readFile(SAMPLES, 'utf8').catch((error: unknown) => {
    const file = fileURLToPath(SAMPLES)
    throw new CommandFault(`the sample events cannot be read from "${file}"`, { cause: error })
  })
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => (JSON.parse(line) as { event: PrintedEvent }).event)
}

/**
 * The event as if it happened now in one of the accounts: printed envelopes hold placeholders and
 * repeat ids, so version, id, account, time and region are set; all else is as it was printed.
 * The same event comes to the same account and region each time.
 */
export function playableEvent(
  printed: PrintedEvent,
  { accounts, regions }: Stage,
  { id, now }: { readonly id: string; readonly now: number },
): PrintedEvent {
  const { version: _, id: __, ...kept } = printed
  const { source, account, region, 'detail-type': detailType } = kept
  return {
    version: '0',
    id,
    ...kept,
    account: chosen(accounts, `${String(account)} ${String(source)} ${String(detailType)}`),
    time: isoSeconds(now),
    region:
      regions.find((one) => one === region) ??
      chosen(regions, `${String(region)} ${String(source)}`),
  }
}

function chosen(choices: readonly string[], by: string): string {
  const number = createHash('sha256').update(by).digest().readUInt32BE()
  return choices[number % choices.length] ?? ''
}
