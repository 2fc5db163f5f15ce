import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A request as a service of AWS would see it. */
export interface AwsCall {
  /** As its signature names it. */
  readonly service: string
  readonly region: string
  readonly accessKeyId: string
  readonly operation: string
  readonly input: any
}

export type AwsAnswer = readonly [status: number, body: object]
type Answer = (call: AwsCall) => AwsAnswer | undefined

/**
 * A stand-in for AWS that keeps what it was asked. It speaks the protocols of the services itself
 * and leaves queues and topics to an emulator of theirs.
 */
export interface AwsServer {
  readonly url: string
  readonly calls: AwsCall[]
  /** Asked first, from now on; what it answers nothing to succeeds. */
  answerWith(answer: Answer): void
  close(): Promise<void>
}

/** An error as most services tell it. */
export const awsError = (code: string, status = 400): AwsAnswer => [
  status,
  { __type: code, message: `${code} of the test` },
]

/** By the last characters of a role's ARN, what AssumeRole gives. */
export const accessKeyOf = (roleArn: string) => `ASIA${roleArn.slice(-6)}`

export async function startAwsServer(queuesAndTopics: string): Promise<AwsServer> {
  const calls: AwsCall[] = []
  let answer: Answer = () => undefined

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request)
    const call = callOf(request, body.toString())
    calls.push(call)
    const answered = answer(call) ?? successOf(call)
    if (answered !== undefined) return reply(response, call, answered)
    const forwarded = await fetch(queuesAndTopics, {
      method: 'POST',
      headers: headersOf(request),
      body,
    })
    const { status, headers } = forwarded
    response.writeHead(status, { 'content-type': headers.get('content-type') ?? '' })
    return response.end(await forwarded.text())
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answerWith: (given) => (answer = given),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const passed = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target']
  return Object.fromEntries(
    passed.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])),
  )
}

const SCOPE = /Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\//
const INVOCATION = /^\/2015-03-31\/functions\/([^/]+)\/invocations/

function callOf({ headers, url = '' }: IncomingMessage, body: string): AwsCall {
  const [, accessKeyId = '', region = '', service = ''] =
    SCOPE.exec(headers.authorization ?? '') ?? []
  const of = { service, region, accessKeyId }
  const [, functionName] = INVOCATION.exec(url) ?? []
  if (functionName !== undefined) {
    const input = {
      FunctionName: decodeURIComponent(functionName),
      InvocationType: headers['x-amz-invocation-type'],
      Payload: body,
    }
    return { ...of, operation: 'Invoke', input }
  }
  const target = headers['x-amz-target']
  if (target !== undefined) {
    return { ...of, operation: String(target).split('.')[1] ?? '', input: JSON.parse(body) }
  }
  const { Action = '', ...input } = Object.fromEntries(new URLSearchParams(body))
  return { ...of, operation: Action, input }
}

/** undefined: an emulator answers. */
function successOf({ service, operation, input }: AwsCall): AwsAnswer | undefined {
  if (service === 'sqs' || service === 'sns') return undefined
  if (operation === 'Invoke') return [202, {}]
  if (operation === 'PutEvents') return [200, { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] }]
  if (operation === 'StartExecution') {
    return [200, { executionArn: `${input.stateMachineArn}:${input.name}`, startDate: 1 }]
  }
  if (operation === 'PutRecord') return [200, { RecordId: 'r', ShardId: 's', SequenceNumber: '1' }]
  return [200, {}]
}

function reply(
  response: ServerResponse,
  { service, operation, input }: AwsCall,
  [status, body]: AwsAnswer,
) {
  const { __type: code, message } = body as { __type?: string; message?: string }
  if (service !== 'sts' && service !== 'sns') {
    const type = code === undefined ? {} : { 'x-amzn-errortype': code }
    // SQS tells the name that an error has had in XML too.
    const query = service === 'sqs' && code !== undefined && { 'x-amzn-query-error': `${code};S` }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...type, ...query })
    return response.end(JSON.stringify(body))
  }
  response.writeHead(status, { 'content-type': 'text/xml' })
  if (code !== undefined) {
    return response.end(
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
    )
  }
  const credentials = `<AccessKeyId>${accessKeyOf(input.RoleArn)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>`
  return response.end(
    `<${operation}Response><${operation}Result><Credentials>${credentials}</Credentials></${operation}Result></${operation}Response>`,
  )
}
