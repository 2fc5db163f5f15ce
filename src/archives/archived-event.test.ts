import fc from 'fast-check'
import { expect, it } from 'vitest'

import { envelopeJson } from '#src/model/event.ts'
import { recordedEvent } from '#src/pipeline/pipeline.fixture.ts'
import { archivedFrom, replayedFrom } from './archived-event.ts'
import { SOURCE_ARN, PLACE } from './archives.fixture.ts'
import type { Replay } from './documents.ts'

const REPLAY: Replay = {
  ...{ ...PLACE, name: 'r', archive: { name: 'a', id: 'id' }, destinationArn: SOURCE_ARN },
  ...{ from: 0, to: 1, state: 'RUNNING', acceptedTo: 0, startedAt: 0 },
}

it('is replayed as it was, with the name of the replay and nothing else', () => {
  const texts = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(texts, texts, fc.jsonValue(), (source, detailType, value) => {
      const detailJson = `{"value":${JSON.stringify(value)},"exact":1.0,"long":12345678901234567890}`
      const json = envelopeJson({
        ...{ id: 'e', detailType, source, account: PLACE.account, region: PLACE.region },
        ...{ time: 1_750_000_000_999, resources: ['"replay-name"'], detailJson },
      })
      const recorded = recordedEvent('e', { source, detailType, json, traceHeader: 'Root=1' })
      const { event, sizeBytes } = archivedFrom({ position: 65_536, event: recorded })
      expect(event.time).toBe(1_750_000_000_000)
      const bytes = [source, detailType, detailJson].map((text) => Buffer.byteLength(text))
      expect(sizeBytes).toBe(bytes.reduce((sum, size) => sum + size, 20))
      const { traceHeader: _, ...expected } = recorded
      const replayed = replayedFrom(event, REPLAY, recorded.acceptedAt)
      const region = `"region":"${PLACE.region}",`
      expect(replayed).toEqual({
        ...expected,
        replayArn: `arn:aws:events:${PLACE.region}:${PLACE.account}:replay/r`,
        json: json.replace(region, () => `${region}"replay-name":"r",`),
      })
    }),
  )
})

it('keeps its hops and the order of its keys, and has the name of one replay only', () => {
  const json =
    '{"detail":{},"region":"eu-west-1","replay-name":"before","time":"2026-01-31T08:15:00.5+01:00"}'
  const hops = { sameRegion: 1, crossRegion: 1 }
  const { event } = archivedFrom({ position: 1, event: recordedEvent('e', { json, hops }) })
  expect(event.time).toBe(Date.parse('2026-01-31T07:15:00.500Z'))
  const replayed = replayedFrom(event, REPLAY, 5)
  expect(replayed).toMatchObject({ hops, acceptedAt: 5 })
  expect(replayed.json).toBe(
    '{"detail":{},"region":"eu-west-1","replay-name":"r","time":"2026-01-31T08:15:00.5+01:00"}',
  )
})
