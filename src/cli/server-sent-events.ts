/** One message of a stream of server-sent events. */
export interface ServerSentEvent {
  /** `message` where the stream names none. */
  readonly type: string
  readonly data: string
  /** The last id that the stream has given, with this message or before; '' where it gave none. */
  readonly lastEventId: string
}

export interface ServerSentEventParser {
  /** The messages that this piece of the stream completes; a piece may end anywhere. */
  push(piece: string): readonly ServerSentEvent[]
}

const TYPE_DEFAULT = 'message'

/**
 * Reads `text/event-stream` as the HTML standard says (9.2.6): fields data, event and id, comments,
 * and lines that end in LF, CR, or both. `retry` and unknown fields are passed over.
 */
export function createServerSentEventParser(): ServerSentEventParser {
  let rest = ''
  let endedInCr = false
  let data: string[] = []
  let type = ''
  let lastEventId = ''

  const takeField = (line: string) => {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) lastEventId = value
  }

  const dispatched = (): readonly ServerSentEvent[] => {
    const complete = { type: type || TYPE_DEFAULT, data: data.join('\n'), lastEventId }
    const hasData = data.length > 0
    data = []
    type = ''
    return hasData ? [complete] : []
  }

  const take = (line: string): readonly ServerSentEvent[] => {
    if (line === '') return dispatched()
    takeField(line)
    return []
  }

  return {
    push: (piece) => {
      // The LF of a CR LF that was cut in two ends no second line.
      const fresh = endedInCr && piece.startsWith('\n') ? piece.slice(1) : piece
      if (piece !== '') endedInCr = piece.endsWith('\r')
      if (!/[\r\n]/.test(fresh)) {
        rest += fresh
        return []
      }
      const lines = (rest + fresh).split(/\r\n|\r|\n/)
      rest = lines.pop() ?? ''
      return lines.flatMap(take)
    },
  }
}
