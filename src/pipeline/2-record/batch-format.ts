import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'

/**
 * A batch is UTF-8 text, two lines an event: what the log knows of it, then the event. Both are
 * compact JSON, which holds no line breaks; so a batch can be read by eye, and its events are
 * copied, not parsed.
 */
type Header = Omit<RecordedEvent, 'json'>

const ENCODER = new TextEncoder()

export function encodeBatch(events: readonly RecordedEvent[]): Uint8Array {
  let text = ''
  for (const event of events) {
    const { id, busArn, acceptedAt, source, detailType, account, region, hops } = event
    const header: Header = { id, busArn, acceptedAt, source, detailType, account, region, hops }
    const { traceHeader, replayArn, onlyRules, scheduled, awaitsEnrichment } = event
    const plain =
      (traceHeader ?? replayArn ?? onlyRules ?? scheduled ?? awaitsEnrichment) === undefined
    const rest = { traceHeader, replayArn, onlyRules, scheduled, awaitsEnrichment }
    const whole = plain ? header : { ...header, ...rest }
    text += `${text === '' ? '' : '\n'}${JSON.stringify(whole)}\n${event.json}`
  }
  return ENCODER.encode(text)
}

export function decodeBatch(sequence: number, data: Uint8Array): readonly PositionedEvent[] {
  const lines = new TextDecoder().decode(data).split('\n')
  return Array.from({ length: lines.length / 2 }, (_, index) => ({
    position: positionOf(sequence, index),
    event: {
      ...(JSON.parse(lines[2 * index] as string) as Header),
      json: lines[2 * index + 1] as string,
    },
  }))
}

export function positionOf(sequence: number, index: number): number {
  return sequence * POSITIONS_PER_BATCH + index
}

export function indexOf(position: number): number {
  return position % POSITIONS_PER_BATCH
}
