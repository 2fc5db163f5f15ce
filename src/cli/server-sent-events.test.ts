import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createServerSentEventParser } from './server-sent-events.ts'

function parsed(...pieces: readonly string[]) {
  const parser = createServerSentEventParser()
  return pieces.flatMap((piece) => [...parser.push(piece)])
}

describe('a stream of server-sent events', () => {
  it('gives type, data and id of each message', () => {
    expect(parsed('id: 7\nevent: event\ndata: {"a":1}\n\ndata: x\n\n')).toEqual([
      { type: 'event', data: '{"a":1}', lastEventId: '7' },
      { type: 'message', data: 'x', lastEventId: '7' },
    ])
  })

  it('joins the data lines of one message', () => {
    expect(parsed('data: one\ndata:two\ndata\n\n')).toEqual([
      { type: 'message', data: 'one\ntwo\n', lastEventId: '' },
    ])
  })

  it('takes away one leading space of a value and no more', () => {
    expect(parsed('data:  two spaces\n\n')[0]?.data).toBe(' two spaces')
  })

  it('passes over comments, unknown fields and messages without data', () => {
    expect(parsed(': keep-alive\n\nretry: 10\nnonsense: 1\n\nevent: empty\n\n')).toEqual([])
  })

  it('keeps the id of a message without data, and forgets its type', () => {
    expect(parsed('id: 41\nevent: none\n\ndata: x\n\n')).toEqual([
      { type: 'message', data: 'x', lastEventId: '41' },
    ])
  })

  it('ignores an id that holds a null, and takes an empty one', () => {
    expect(parsed('id: 1\ndata: a\n\nid: 2\u00003\ndata: b\n\nid\ndata: c\n\n')).toEqual([
      { type: 'message', data: 'a', lastEventId: '1' },
      { type: 'message', data: 'b', lastEventId: '1' },
      { type: 'message', data: 'c', lastEventId: '' },
    ])
  })

  it('does not give a message that the stream breaks off', () => {
    expect(parsed('data: whole\n\ndata: half\n')).toHaveLength(1)
  })

  it('gives a message as soon as its empty line is there, even a CR', () => {
    const parser = createServerSentEventParser()
    expect(parser.push('data: x\r\r')).toHaveLength(1)
    expect(parser.push('\ndata: y\r\n\r')).toHaveLength(1)
  })

  it('means the same however lines end and wherever the stream is cut', () => {
    const lines = [
      'id: 1',
      'data: a: b',
      'data: ü 漢',
      '',
      ': c',
      'event: e',
      'data: {"x":[1]}',
      '',
    ]
    const expected = parsed(lines.map((line) => `${line}\n`).join(''))
    expect(expected).toHaveLength(2)
    const ends = fc.constantFrom('\n', '\r', '\r\n')
    fc.assert(
      fc.property(ends, fc.array(fc.nat(80), { maxLength: 12 }), (end, cuts) => {
        const text = lines.map((line) => line + end).join('')
        const at = [0, ...cuts.filter((cut) => cut < text.length), text.length]
        const sorted = at.toSorted((a, b) => a - b)
        const pieces = sorted.slice(1).map((to, index) => text.slice(sorted[index], to))
        expect(parsed(...pieces)).toEqual(expected)
      }),
    )
  })
})
