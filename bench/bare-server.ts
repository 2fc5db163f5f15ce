/** The yardstick: a Node server that reads each body and answers as many bytes as PutEvents does. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const ANSWER = JSON.stringify({
  FailedEntryCount: 0,
  Entries: Array.from({ length: 10 }, () => ({ EventId: '00000000-0000-0000-0000-000000000000' })),
})

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    Buffer.concat(chunks)
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': ANSWER.length,
    })
    response.end(ANSWER)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
