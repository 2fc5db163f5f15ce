import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'

/** A name server for tests: it answers A and AAAA as it is told, and nothing may be cached. */
export interface NameServer {
  /** As `dns.setServers` takes it. */
  readonly address: string
  /** Names asked for, in lower case, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

const TYPE_A = 1
const TYPE_AAAA = 28
const HEADER_BYTES = 12
/** Response, recursion desired and available; no error, or no such name. */
const [FOUND, NO_SUCH_NAME] = [0x8180, 0x8183]
/** A pointer to the name of the question. */
const SAME_NAME = 0xc00c

/** @param answer the addresses of a name; undefined where there is no such name */
export async function startNameServer(
  answer: (name: string, times: number) => readonly string[] | undefined,
  port = 0,
): Promise<NameServer> {
  const asked: string[] = []
  const times = new Map<string, number>()
  const socket = createSocket('udp4', (query, from) => {
    const { name, type, end } = questionOf(query)
    const key = `${type} ${name}`
    times.set(key, (times.get(key) ?? 0) + 1)
    asked.push(name)
    const addresses = answer(name, times.get(key) ?? 1)
    const records = (addresses ?? []).flatMap((address) => recordOf(address, type))
    const header = Buffer.from(query.subarray(0, HEADER_BYTES))
    header.writeUInt16BE(addresses === undefined ? NO_SUCH_NAME : FOUND, 2)
    header.writeUInt16BE(records.length, 6)
    header.writeUInt32BE(0, 8)
    const response = Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records])
    socket.send(response, from.port, from.address)
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}

/** RFC 1035, section 4.1.2. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  while (query[at]) {
    const length = query[at] ?? 0
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** Section 4.1.3: name, type, class IN, no life, and the address. */
function recordOf(address: string, type: number): Buffer[] {
  if (type !== (isIP(address) === 4 ? TYPE_A : TYPE_AAAA)) return []
  const data = isIP(address) === 4 ? address.split('.').map(Number) : bytesOfIpv6(address)
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(SAME_NAME, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 10)
  return [Buffer.concat([head, Buffer.from(data)])]
}

function bytesOfIpv6(address: string): readonly number[] {
  // `URL` writes the last four bytes in hexadecimal too.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((g) => parseInt(g, 16)))
  const [first, last] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff])
}
