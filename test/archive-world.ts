import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge'
import type {
  CreateArchiveCommandInput,
  StartReplayCommandInput,
} from '@aws-sdk/client-eventbridge'
import { expect, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from './hub-process.ts'
import type { HubProcess } from './hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from './organisation.ts'
import { startReceiver } from './receiver.ts'

export const arnOf = (path: string) => `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:${path}`
export const busArn = (name: string) => arnOf(`event-bus/${name}`)
export const archiveArn = (name: string) => arnOf(`archive/${name}`)

/** What a hub answers when it refuses. */
export const refusal = (name: string, message: string) => ({
  name,
  message,
  $metadata: { httpStatusCode: 400 },
})

export type ArchiveWorld = Awaited<ReturnType<typeof startArchiveWorld>>

/** A hub with an organisation, a target, and what tests of archives and replays do again and again. */
export async function startArchiveWorld() {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder)
  const receiver = await startReceiver()
  const { organisationId } = await createOrganisation(hub)
  const events = await clientOf(hub, 'member')
  const describe = async (ArchiveName: string) =>
    events.send(new DescribeArchiveCommand({ ArchiveName }))
  return {
    receiver,
    events,
    hub,
    organisationId,
    clientOf: (profile: string) => clientOf(hub, profile),
    describe,
    /** A bus with an archive, both of that name. */
    archived: async (name: string, more: Partial<CreateArchiveCommandInput> = {}) => {
      await events.send(new CreateEventBusCommand({ Name: name }))
      const archive = { ArchiveName: name, EventSourceArn: busArn(name), ...more }
      await events.send(new CreateArchiveCommand(archive))
    },
    put: async (EventBusName: string, details: readonly object[], more: object = {}) => {
      const entry = { Source: 'my.app', DetailType: 'Test', EventBusName, ...more }
      const Entries = details.map((detail) => ({ ...entry, Detail: JSON.stringify(detail) }))
      const answer = await events.send(new PutEventsCommand({ Entries }))
      expect(answer.FailedEntryCount).toBe(0)
      return (answer.Entries ?? []).map(({ EventId }) => EventId as string)
    },
    /** A rule whose target is the path of its name. */
    ruleTo: async (Name: string, EventBusName: string, EventPattern: string) => {
      const rule = { Name, EventBusName, EventPattern }
      const { RuleArn } = await events.send(new PutRuleCommand(rule))
      const Targets = [{ Id: 't', Arn: `${receiver.url}/${Name}` }]
      await events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets }))
      return RuleArn as string
    },
    arrived: async (count: number, rule: string) =>
      receiver.waitFor(count, ({ path }) => path === `/${rule}`),
    countIs: async (archive: string, count: number) =>
      vi.waitFor(async () => {
        const found = await describe(archive)
        expect(found.EventCount).toBe(count)
        return found
      }, WAIT_MS),
    replay: async (
      ReplayName: string,
      archive: string,
      more: Partial<StartReplayCommandInput> = {},
    ) => {
      const Destination = { Arn: busArn(archive) }
      const wanted = { ReplayName, EventSourceArn: archiveArn(archive), Destination, ...SPAN }
      return events.send(new StartReplayCommand({ ...wanted, ...more }))
    },
    ended: async (ReplayName: string, State = 'COMPLETED') =>
      vi.waitFor(async () => {
        const found = await events.send(new DescribeReplayCommand({ ReplayName }))
        expect(found.State).toBe(State)
        return found
      }, WAIT_MS),
    end: async () => {
      await hub.kill('SIGTERM')
      await receiver.close()
      removeDataFolder(folder)
    },
  }
}

const WAIT_MS = 10_000

/** An hour around now. */
export const SPAN = {
  EventStartTime: new Date(Date.now() - 30 * 60_000),
  EventEndTime: new Date(Date.now() + 30 * 60_000),
}

async function clientOf(hub: HubProcess, profile: string): Promise<EventBridgeClient> {
  const credentials = await hub.profile(profile)
  return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}
