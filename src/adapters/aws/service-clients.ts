import type { AwsService } from '#src/model/aws-resource.ts'
import type { AwsRequest, AwsRequestTo } from '#src/ports/aws-services.ts'
import type { OutboundRequestHandler } from './outbound-request-handler.ts'
import { EntryRefusedFault } from './request-outcome.ts'

/** What the clients of all services are made with. */
export interface ClientSettings {
  readonly region: string
  readonly endpoint?: string
  readonly credentials: () => Promise<{
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }>
  readonly requestHandler: OutboundRequestHandler
  readonly maxAttempts: number
}

/** Of what a service answers, what all have. */
interface Answer {
  readonly $metadata: { readonly httpStatusCode?: number }
}

/** Sends requests to one service, in one region, with the same credentials. */
export type Send = (request: AwsRequest) => Promise<Answer>

/**
 * Opens a client of a service. Its package is loaded only now: a hub that sends nothing to AWS
 * should neither start slower for it nor need the memory.
 */
export async function openClient(service: AwsService, settings: ClientSettings): Promise<Send> {
  // A request is for the service that it names.
  return (await OPEN[service](settings)) as Send
}

type Opening = {
  readonly [S in AwsService]: (
    settings: ClientSettings,
  ) => Promise<(request: AwsRequestTo<S>) => Promise<Answer>>
}

const OPEN: Opening = {
  events: async (settings) => {
    const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge')
    const client = new EventBridgeClient(settings)
    return async ({ to, source, detailType, detail, resources, time, traceHeader }) => {
      const entry = {
        EventBusName: to.arn,
        Source: source,
        DetailType: detailType,
        Detail: detail,
        Resources: [...resources],
        Time: new Date(time),
        ...(traceHeader !== undefined && { TraceHeader: traceHeader }),
      }
      const answer = await client.send(new PutEventsCommand({ Entries: [entry] }))
      const { ErrorCode, ErrorMessage = '' } = answer.Entries?.[0] ?? {}
      if (ErrorCode !== undefined) throw new EntryRefusedFault(ErrorCode, ErrorMessage)
      return answer
    }
  },
  firehose: async (settings) => {
    const { FirehoseClient, PutRecordCommand } = await import('@aws-sdk/client-firehose')
    const client = new FirehoseClient(settings)
    return ({ to, text }) =>
      client.send(
        new PutRecordCommand({ DeliveryStreamName: to.name, Record: { Data: Buffer.from(text) } }),
      )
  },
  kinesis: async (settings) => {
    const { KinesisClient, PutRecordCommand } = await import('@aws-sdk/client-kinesis')
    const client = new KinesisClient(settings)
    return ({ to, text, partitionKey }) =>
      client.send(
        new PutRecordCommand({
          StreamARN: to.arn,
          PartitionKey: partitionKey,
          Data: Buffer.from(text),
        }),
      )
  },
  lambda: async (settings) => {
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
    const client = new LambdaClient(settings)
    return ({ to, text }) =>
      client.send(
        new InvokeCommand({
          FunctionName: to.arn,
          InvocationType: 'Event',
          Payload: Buffer.from(text),
        }),
      )
  },
  logs: async (settings) => {
    const { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } =
      await import('@aws-sdk/client-cloudwatch-logs')
    const client = new CloudWatchLogsClient(settings)
    return async ({ to, stream, timestamp, message }) => {
      const place = { logGroupName: to.name, logStreamName: stream }
      const put = new PutLogEventsCommand({ ...place, logEvents: [{ timestamp, message }] })
      const answer = await client.send(put).catch(async (error: unknown) => {
        if (!isNamed(error, 'ResourceNotFoundException')) throw error
        // The stream is missing, or the group: then this fails for it.
        await client.send(new CreateLogStreamCommand(place)).catch((fault: unknown) => {
          if (!isNamed(fault, 'ResourceAlreadyExistsException')) throw fault
        })
        return client.send(put)
      })
      if (answer.rejectedLogEventsInfo === undefined) return answer
      const rejected = `the log group takes no event of ${new Date(timestamp).toISOString()}: it is too old or too new`
      throw new EntryRefusedFault('InvalidParameterException', rejected)
    }
  },
  sns: async (settings) => {
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns')
    const client = new SNSClient(settings)
    return ({ to, text }) => client.send(new PublishCommand({ TopicArn: to.arn, Message: text }))
  },
  sqs: async (settings) => {
    const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs')
    // Of a queue's URL its path alone counts: requests go where those of other services go. An
    // answer whose checksum is not right could only make the hub send again what is there.
    const client = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false, md5: false })
    return ({ to, text, messageGroupId, deduplicationId, attributes = {}, traceHeader }) => {
      const named = Object.entries(attributes).map(([name, value]) => [name, stringValue(value)])
      return client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl(to, settings.endpoint),
          MessageBody: text,
          MessageAttributes: Object.fromEntries(named),
          ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
          ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
          ...(traceHeader !== undefined && {
            MessageSystemAttributes: { AWSTraceHeader: stringValue(traceHeader) },
          }),
        }),
      )
    }
  },
  states: async (settings) => {
    const { SFNClient, StartExecutionCommand } = await import('@aws-sdk/client-sfn')
    const client = new SFNClient(settings)
    return async ({ to, text, executionName, traceHeader }) => {
      const start = new StartExecutionCommand({
        stateMachineArn: to.arn,
        name: executionName,
        input: text,
        ...(traceHeader !== undefined && { traceHeader }),
      })
      return client.send(start).catch((error: unknown) => {
        // An earlier attempt started it, and its answer was lost.
        if (isNamed(error, 'ExecutionAlreadyExists')) return { $metadata: error.$metadata }
        throw error
      })
    }
  },
}

const stringValue = (text: string) => ({ DataType: 'String', StringValue: text })

function queueUrl({ arn, region, account, name }: AwsRequest['to'], endpoint?: string): string {
  const suffix = arn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const origin = endpoint?.replace(/\/+$/, '') ?? `https://sqs.${region}.${suffix}`
  return `${origin}/${account}/${name}`
}

function isNamed(error: unknown, name: string): error is Error & Answer {
  return error instanceof Error && error.name === name
}
