import type { OutboundOutcome } from '#src/ports/outbound.ts'
import { TargetRefusedFault } from './guarded-connector.ts'

/** What undici reports when it would not send: wrong input, so a retry cannot help. */
const UNSENDABLE: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

/** What a code means and what to do; other codes (TLS, rare errno) are told as they are. */
const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there; check host and port'],
  ['ECONNRESET', 'the other side broke the connection; check that it speaks this protocol'],
  ['UND_ERR_SOCKET', 'the other side closed the connection before its answer was complete'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the connection was not opened in time; check host and firewalls'],
  ['UND_ERR_HEADERS_OVERFLOW', 'the headers of the answer are too large'],
  ['ENOTFOUND', 'the name has no address; check the host'],
  ['EAI_AGAIN', 'the name could not be resolved now; check DNS'],
  ['EHOSTUNREACH', 'no route leads there; check host and network'],
  ['ENETUNREACH', 'no route leads there; check host and network'],
  ['HTTPParserError', 'the answer is not valid HTTP; check that port and scheme belong together'],
  ['EMFILE', 'the hub has no file handle left; raise its limit of open files'],
])

/** Turns an error of the client into an outcome; only codes get through, texts may hold data. */
export function outcomeOfError(error: Error, origin: string, durationMs: number): OutboundOutcome {
  if (error instanceof TargetRefusedFault) return { kind: 'refused', message: error.message }
  if (UNSENDABLE.has(codeOf(error))) {
    const message = `could not send to "${origin}" (a header is not valid in HTTP); correct it`
    return { kind: 'refused', message }
  }
  const message = `no answer from "${origin}" (${foundOf(error)})`
  return { kind: 'failed', reason: 'connection-failed', message, durationMs }
}

/** The error's code and what it means; of its text nothing. */
export function foundOf(error: Error): string {
  const code = codeOf(error)
  const explanation = EXPLANATIONS.get(code) ?? EXPLANATIONS.get(error.name)
  return explanation === undefined ? code : `${code}: ${explanation}`
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
