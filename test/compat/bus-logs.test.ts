import {
  CreateEventBusCommand,
  CreatePartnerEventSourceCommand,
  DeleteEventBusCommand,
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutPartnerEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge'
import type { LogConfig, Target } from '@aws-sdk/client-eventbridge'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { BASIC, connectionCalls } from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const { MEMBER } = ACCOUNTS
const folder = newDataFolder()
const logs = join(folder, 'logs of buses')
const env = { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' }
let hub: HubProcess
let ingestKey: string
let emulator: FauxqsServer
let receiver: Receiver
let events: EventBridgeClient
/** What the target answers, in turn, by its path; 200 from then on. */
const statuses = new Map<string, number[]>()

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  emulator.createQueue('dead')
  receiver = await startReceiver(({ path, headers }, response) =>
    response
      .writeHead(statuses.get(path.slice(1))?.shift() ?? 200)
      .end(`answer to ${headers.authorization ?? 'nobody'}`),
  )
  await startHub()
  ingestKey = (await createOrganisation(hub)).ingestKey
  await connect()
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await Promise.all([receiver.close(), emulator.stop()])
  removeDataFolder(folder)
})

async function startHub(): Promise<void> {
  const aws = ['--aws-targets', 'on', '--aws-endpoint', emulator.address]
  hub = await startHubProcess(folder, ['--allow-private-targets', '--bus-logs', logs, ...aws], env)
}
async function connect(): Promise<void> {
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}

const arnOf = (resource: string) => `arn:aws:events:${REGION}:${MEMBER}:${resource}`
const fileOf = (bus: string) => join(logs, MEMBER, REGION, `${encodeURIComponent(bus)}.ndjson`)
const describeBus = (Name: string) => events.send(new DescribeEventBusCommand({ Name }))

interface LogRecord {
  readonly event_id: string
  readonly invocation_id?: string
  readonly message_type: string
  readonly log_level: string
  readonly details: any
  readonly error?: object
}

function recordsOf(bus: string): readonly LogRecord[] {
  if (!existsSync(fileOf(bus))) return []
  const lines = readFileSync(fileOf(bus), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}
const typesOf = (records: readonly LogRecord[]) => records.map((record) => record.message_type)

/** The records of an event, once the last of these types is there. */
async function logged(bus: string, eventId: string, types: readonly string[]) {
  return vi.waitFor(() => {
    const found = recordsOf(bus).filter((record) => record.event_id === eventId)
    expect(typesOf(found)).toEqual(types)
    return found
  }, 15_000)
}

/** A bus whose one rule sends all events of `my.app` to a path of its name. */
async function busThatLogs(Name: string, log: LogConfig, target: Partial<Target> = {}) {
  await events.send(new CreateEventBusCommand({ Name, LogConfig: log }))
  const rule = { Name: 'all', EventBusName: Name, EventPattern: '{"source":["my.app"]}' }
  await events.send(new PutRuleCommand(rule))
  const Targets = [{ Id: 't', Arn: `${receiver.url}/${Name}`, ...target }]
  await events.send(new PutTargetsCommand({ Rule: 'all', EventBusName: Name, Targets }))
}

async function put(EventBusName: string, entry: object = {}): Promise<string> {
  const given = { Source: 'my.app', DetailType: 'Sale', Detail: '{"card": "private"}' }
  const { Entries } = await events.send(
    new PutEventsCommand({ Entries: [{ ...given, EventBusName, ...entry }] }),
  )
  return Entries?.[0]?.EventId as string
}

/** Waits until the trace says that an event's one delivery has succeeded. */
async function delivered(eventId: string): Promise<void> {
  await vi.waitFor(async () => {
    const { body } = await hub.rest('GET', `/events/${eventId}/trace`)
    expect(body.traces?.[0]?.deliveries).toMatchObject([{ state: 'DELIVERED' }])
  }, 15_000)
}

const DELIVERED_IN_FULL = [
  'EVENT_RECEIPT',
  'EVENT_INGEST_SUCCESS',
  'RULE_MATCH_START',
  'RULE_MATCH',
  'INVOCATION_START',
  'INVOCATION_ATTEMPT_START',
  'INVOCATION_ATTEMPT_SUCCESS',
  'INVOCATION_SUCCESS',
]
const DELIVERED = ['EVENT_INGEST_SUCCESS', 'RULE_MATCH', 'INVOCATION_SUCCESS']

describe('the LogConfig of a bus', () => {
  it('is taken, told and changed, and stays where nothing is said of it', async () => {
    const made = await events.send(
      new CreateEventBusCommand({ Name: 'told', LogConfig: { Level: 'INFO' } }),
    )
    expect(made.LogConfig).toEqual({ Level: 'INFO', IncludeDetail: 'NONE' })
    const update = (given: object) =>
      events.send(new UpdateEventBusCommand({ Name: 'told', ...given }))
    const changed = await update({ LogConfig: { Level: 'TRACE', IncludeDetail: 'FULL' } })
    expect(changed.LogConfig).toEqual({ Level: 'TRACE', IncludeDetail: 'FULL' })
    const kept = await update({ Description: 'd' })
    expect(kept.LogConfig).toEqual({ Level: 'TRACE', IncludeDetail: 'FULL' })
    expect(await describeBus('told')).toMatchObject({ Description: 'd', LogConfig: kept.LogConfig })
    await update({ LogConfig: { IncludeDetail: 'FULL' } })
    expect((await describeBus('told')).LogConfig).toEqual({ Level: 'OFF', IncludeDetail: 'FULL' })
  })

  it('is gone with the bus, and of a bus that was told nothing there is none', async () => {
    await events.send(new CreateEventBusCommand({ Name: 'gone', LogConfig: { Level: 'INFO' } }))
    await events.send(new DeleteEventBusCommand({ Name: 'gone' }))
    await events.send(new CreateEventBusCommand({ Name: 'gone' }))
    expect((await describeBus('gone')).LogConfig).toBeUndefined()
    expect((await describeBus('default')).LogConfig).toBeUndefined()
  })

  it('is refused in the words of AWS where it says something else', async () => {
    const odd = { Level: 'DEBUG', IncludeDetail: 'SOME' } as unknown as LogConfig
    const message =
      "2 validation errors detected: Value 'SOME' at 'logConfig.includeDetail' failed to satisfy constraint: Member must satisfy enum value set: [NONE, FULL]; Value 'DEBUG' at 'logConfig.level' failed to satisfy constraint: Member must satisfy enum value set: [OFF, ERROR, INFO, TRACE]"
    for (const command of [CreateEventBusCommand, UpdateEventBusCommand]) {
      const sent = events.send(
        new command({ Name: 'odd', LogConfig: odd }) as UpdateEventBusCommand,
      )
      await expect(sent).rejects.toMatchObject({ name: 'ValidationException', message })
    }
  })
})

describe('the log of a bus', () => {
  it('has a record of each step, as AWS writes it, with all details at TRACE and FULL', async () => {
    await busThatLogs('full', { Level: 'TRACE', IncludeDetail: 'FULL' })
    const id = await put('full', { Resources: ['r'], Time: new Date('2026-01-02T03:04:05Z') })
    const records = await logged('full', id, DELIVERED_IN_FULL)
    const [receipt, , , match, start, , attempt, success] = records
    const about = { resource_arn: arnOf('event-bus/full'), event_bus_name: 'full', event_id: id }
    const target = { rule_arn: arnOf('rule/full/all'), target_arn: `${receiver.url}/full` }
    expect(receipt).toEqual({
      ...about,
      message_timestamp_ms: expect.any(Number),
      message_type: 'EVENT_RECEIPT',
      log_level: 'TRACE',
      details: {
        ...{ caller_account_id: MEMBER, source_time_ms: Date.parse('2026-01-02T03:04:05Z') },
        ...{ source: 'my.app', detail_type: 'Sale', resources: ['r'] },
        event_detail: '{"card":"private"}',
      },
    })
    const { invocation_ids: ids, ...matched } = match?.details ?? {}
    expect(matched).toEqual({ rule_arn: target.rule_arn, target_arns: [target.target_arn] })
    const [sent] = await receiver.waitFor(1, ({ path }) => path === '/full')
    const invocation = { ...about, invocation_id: ids[0] }
    expect(start).toMatchObject({
      ...invocation,
      details: { ...target, attempt_count: 1, target_input: sent?.text },
    })
    expect(attempt).toMatchObject({ ...invocation, log_level: 'TRACE' })
    expect(attempt?.details).toEqual({
      ...{ ...target, attempt_type: 'FIRST', attempt_count: 1, invocation_status: 'SUCCESS' },
      ...{ target_duration_ms: expect.any(Number), target_response_body: 'answer to nobody' },
    })
    expect(success).toMatchObject({ ...invocation, log_level: 'INFO' })
    expect(success?.details).toEqual({
      ...{ ...target, total_attempts: 1, final_invocation_status: 'SUCCESS' },
      ingestion_to_start_latency_ms: expect.any(Number),
      ingestion_to_complete_latency_ms: expect.any(Number),
      ingestion_to_success_latency_ms: expect.any(Number),
      ...{ target_duration_ms: expect.any(Number), target_input: sent?.text },
      target_response_body: 'answer to nobody',
    })
  })

  it('tells the steps that the trace of the event tells', async () => {
    const id = await put('full')
    const records = await logged('full', id, DELIVERED_IN_FULL)
    const { body } = await hub.rest('GET', `/events/${id}/trace`)
    const [{ steps }] = body.traces
    const traced = steps.map(({ type }: { readonly type: string }) => type)
    expect(traced).toEqual(typesOf(records).filter((type) => traced.includes(type)))
    expect(traced).toHaveLength(5)
  })

  it('has nothing of what was sent and answered without details', async () => {
    await busThatLogs('bare', { Level: 'TRACE', IncludeDetail: 'NONE' })
    const id = await put('bare')
    await logged('bare', id, DELIVERED_IN_FULL)
    const text = readFileSync(fileOf('bare'), 'utf8')
    expect(text).not.toMatch(/private|answer to|event_detail|target_input|target_response_body/)
  })

  it('has the major steps at INFO, errors alone at ERROR, and nothing at OFF', async () => {
    await busThatLogs('levels', { Level: 'ERROR' })
    const level = (Level: LogConfig['Level']) =>
      events.send(new UpdateEventBusCommand({ Name: 'levels', LogConfig: { Level } }))
    await delivered(await put('levels'))
    await level('OFF')
    await delivered(await put('levels'))
    await level('INFO')
    const id = await put('levels')
    await logged('levels', id, DELIVERED)
    expect(recordsOf('levels')).toHaveLength(DELIVERED.length)
  })

  it('tells how attempts fail, and what becomes of a delivery without a queue', async () => {
    statuses.set('failing', [503, 429, 400])
    await busThatLogs('failing', { Level: 'ERROR', IncludeDetail: 'NONE' })
    const id = await put('failing')
    const records = await logged('failing', id, [
      'INVOCATION_ATTEMPT_RETRYABLE_FAILURE',
      'INVOCATION_ATTEMPT_THROTTLE',
      'INVOCATION_ATTEMPT_PERMANENT_FAILURE',
      'INVOCATION_FAILURE',
      'INVOCATION_DLQ',
    ])
    const errorOf = (status: number) => ({
      ...{ http_status_code: status, error_message: `the target answered ${status}` },
      aws_service: 'http',
    })
    expect(records.map(({ error }) => error)).toEqual([503, 429, 400, 400, 400].map(errorOf))
    expect(records[1]?.details).toMatchObject({ attempt_type: 'RETRY', attempt_count: 2 })
    expect(records[3]?.details).toMatchObject({
      ...{ total_attempts: 3, final_invocation_status: 'ERROR_FROM_TARGET' },
    })
    expect(new Set(records.map((record) => record.log_level))).toEqual(new Set(['ERROR']))
  })

  it('tells of a dead-letter queue when that has the event', async () => {
    statuses.set('queued', [400])
    const Arn = `arn:aws:sqs:${REGION}:${MEMBER}:dead`
    await busThatLogs('queued', { Level: 'ERROR' }, { DeadLetterConfig: { Arn } })
    const id = await put('queued')
    const records = await logged('queued', id, [
      'INVOCATION_ATTEMPT_PERMANENT_FAILURE',
      'INVOCATION_FAILURE',
      'INVOCATION_DLQ',
    ])
    const [, failed, letter] = records
    expect(letter?.invocation_id).toBe(failed?.invocation_id)
    expect(letter?.error).toBeUndefined()
    expect(letter?.details).toMatchObject({ target_arn: `${receiver.url}/queued` })
  })

  it('tells of what no rule matches and of what is refused', async () => {
    await busThatLogs('strange', { Level: 'INFO', IncludeDetail: 'FULL' })
    const id = await put('strange', { Source: 'other.app' })
    await logged('strange', id, ['EVENT_INGEST_SUCCESS', 'NO_STANDARD_RULES_MATCHED'])
    await put('strange', { Detail: '[1]' })
    await vi.waitFor(() => {
      expect(recordsOf('strange').at(-1)).toMatchObject({
        ...{ message_type: 'EVENT_INGEST_FAILURE', log_level: 'ERROR' },
        details: { caller_account_id: MEMBER, source: 'my.app', event_detail: '[1]' },
        error: { error_message: 'Detail is malformed.', aws_service: 'events' },
      })
    }, 15_000)
    expect(recordsOf('strange')).toHaveLength(3)
  })

  it('has an AWS event only where a rule of the account matches it', async () => {
    await events.send(new UpdateEventBusCommand({ LogConfig: { Level: 'INFO' } }))
    const ingest = async () => {
      const event = {
        ...{ version: '0', id: randomUUID(), 'detail-type': 'State', source: 'aws.ec2' },
        region: REGION,
        ...{ account: MEMBER, time: '2026-01-02T03:04:05Z', resources: [], detail: {} },
      }
      const headers = { 'content-type': 'application/json', 'x-api-key': ingestKey }
      const request = { method: 'POST', headers, body: JSON.stringify(event) }
      expect((await fetch(`${hub.url}/ingest/aws`, request)).status).toBe(200)
      return event.id
    }
    // The hub's own rule forwards it to the security account.
    await ingest()
    const rule = { Name: 'ec2', EventPattern: '{"source":["aws.ec2"]}' }
    await events.send(new PutRuleCommand(rule))
    const Targets = [{ Id: 't', Arn: `${receiver.url}/ec2` }]
    await events.send(new PutTargetsCommand({ Rule: 'ec2', Targets }))
    const id = await ingest()
    await logged('default', id, DELIVERED)
    expect(recordsOf('default')).toHaveLength(DELIVERED.length)
  })

  it('never has the secrets of a connection, and tells of a rate limit', async () => {
    const { create, createDestination } = connectionCalls(events)
    const { ConnectionArn } = await create('limited', BASIC)
    const { ApiDestinationArn: Arn } = await createDestination('limited', ConnectionArn, {
      InvocationEndpoint: `${receiver.url}/limited`,
      InvocationRateLimitPerSecond: 1,
    })
    const RoleArn = `arn:aws:iam::${MEMBER}:role/events`
    await busThatLogs('limited', { Level: 'TRACE', IncludeDetail: 'FULL' }, { Arn, RoleArn })
    for (let n = 0; n < 4; n += 1) await put('limited')
    await vi.waitFor(() => {
      const types = typesOf(recordsOf('limited'))
      expect(types.filter((type) => type === 'INVOCATION_SUCCESS')).toHaveLength(4)
      expect(types).toContain('INVOCATION_THROTTLE_START')
    }, 15_000)
    const text = readFileSync(fileOf('limited'), 'utf8')
    const [request] = await receiver.waitFor(1, ({ path }) => path === '/limited')
    expect(request?.headers.authorization).toMatch(/^Basic /)
    expect(text).not.toContain(String(request?.headers.authorization).slice('Basic '.length))
    expect(text).toContain('[secret]')
    expect(text).toContain(`"role_arn":"${RoleArn}"`)
  })

  it('of a partner event bus has events of the partner, in a file of the bus', async () => {
    const Name = 'aws.partner/example.com/orders/logged'
    const credentials = await hub.profile('security')
    const partner = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    await partner.send(new CreatePartnerEventSourceCommand({ Name, Account: MEMBER }))
    await events.send(
      new CreateEventBusCommand({ Name, EventSourceName: Name, LogConfig: { Level: 'INFO' } }),
    )
    const Entries = [{ Source: Name, DetailType: 'Sale', Detail: '{}' }]
    const answer = await partner.send(new PutPartnerEventsCommand({ Entries }))
    const id = answer.Entries?.[0]?.EventId as string
    await logged(Name, id, ['EVENT_INGEST_SUCCESS', 'NO_STANDARD_RULES_MATCHED'])
  })

  it('that cannot be written costs no delivery, and what it lacks is counted', async () => {
    mkdirSync(fileOf('in-the-way'), { recursive: true })
    await busThatLogs('in-the-way', { Level: 'INFO' })
    await put('in-the-way')
    await receiver.waitFor(1, ({ path }) => path === '/in-the-way')
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${hub.url}/metrics`)).text()
      const countOf = (name: string) =>
        Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1])
      expect(countOf('belfry_bus_log_records_dropped_total')).toBe(DELIVERED.length)
      expect(countOf('belfry_bus_log_records_total')).toBeGreaterThan(DELIVERED_IN_FULL.length)
    }, 15_000)
    expect(hub.errors()).toContain('bus-log.dropped')
  })

  it('has all that was done before a stop, and goes on after it', async () => {
    await busThatLogs('stopped', { Level: 'INFO' })
    const before = await put('stopped')
    await delivered(before)
    await hub.kill('SIGTERM')
    const found = recordsOf('stopped').filter(({ event_id: id }) => id === before)
    expect(typesOf(found)).toEqual(DELIVERED)
    await startHub()
    await connect()
    await logged('stopped', await put('stopped'), DELIVERED)
  })
})
