import type { NewNotification, Notification } from '#src/model/notification.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { AlertEvent, Message, PlacedChannel, SendResult, Sending } from './channels/sending.ts'
import { INCIDENTS } from './documents.ts'
import { createInhibitions } from './inhibitions.ts'
import type { Inhibitions } from './inhibitions.ts'
import type { StoredIncident } from './documents.ts'
import { createNotifications } from './notifications.ts'
import type { NotificationChange } from './notifications.ts'
import { lookAt } from './round.ts'
import { createReaderTurns } from './readers.ts'
import { createTaking } from './taking.ts'

/** What a channel was asked to send, and when. */
interface SentMessage {
  readonly channelId: string
  readonly at: number
  readonly message: Message
  readonly sending: Sending
}

/** Notifications over a real store, with a clock that stands, and channels that keep what is sent. */
export interface TestTelling {
  readonly tenancy: TestTenancy
  readonly sent: readonly SentMessage[]
  /** Who reads the channels, by e-mail. */
  readonly recipients: string[]
  /** What channels answer from now on. */
  answer: (result: SendResult) => void
  notify: (given?: Partial<NewNotification>) => Promise<Notification>
  update: (id: string, change: NotificationChange) => Promise<void>
  remove: (notification: Notification) => Promise<void>
  readonly inhibitions: Inhibitions
  take: (notification: Notification, event: AlertEvent) => Promise<void>
  /** Tells what is due on channels, as often as something is. */
  tellDue: (...channelIds: readonly string[]) => Promise<void>
  incidents: () => Promise<readonly StoredIncident[]>
  close: () => Promise<void>
}

const SENT: SendResult = { outcome: 'sent', sent: {}, answer: 'taken' }
const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }
const ROUNDS_MAX = 50

export async function createTestTelling(): Promise<TestTelling> {
  const tenancy = await createTestTenancy()
  const { state, organisationId } = tenancy
  const clock = { now: tenancy.now }
  const sent: SentMessage[] = []
  const recipients: string[] = []
  let result = SENT
  let serial = 0
  const common = { state, clock, ids, namespace: NAMESPACE }
  const { actions } = tenancy.restarted()
  const notifications = createNotifications({
    ...common,
    actions,
    hasChannel: async () => true,
    hasView: async () => true,
  })
  const taking = createTaking(common)
  const ports = {
    ...common,
    observer: { stageFaulted: throwing } as never,
    turns: createReaderTurns(),
    linksOf: () => [],
    channels: {
      open: async (_: string, channelId: string) => channelOf(channelId),
      addressesOf: async (_: string, channelId: string) => [channelId],
    },
  }
  return {
    tenancy,
    sent,
    recipients,
    answer: (next) => (result = next),
    notify: (given = {}) =>
      notifications.create(OPERATOR, {
        ...{ organisationId, name: `notification ${(serial += 1)}`, channelId: 'channel' },
        alerts: { budgets: {}, costSpikes: {}, compliance: {} },
        ...given,
      }),
    remove: ({ id }) => notifications.remove(OPERATOR, id),
    inhibitions: createInhibitions({ ...common, actions, taking }),
    update: async (id, change) => void (await notifications.update(OPERATOR, id, change)),
    take: ({ id }, { id: eventId, at, name, alert }) => {
      const detail = { staxEventName: name, ...alert }
      const event = { id: eventId, time: new Date(at).toISOString(), detail }
      return taking.take(id, { json: JSON.stringify(event) })
    },
    tellDue: async (...channelIds) => {
      for (const channelId of channelIds) await tellDueOn(channelId)
    },
    incidents: async () =>
      (await state.list(INCIDENTS, { limit: 1_000 })).map(({ value }) => value),
    close: () => tenancy.close(),
  }

  async function tellDueOn(channelId: string): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const nextAt = await lookAt(ports, channelId, new AbortController().signal)
      if (nextAt === undefined || nextAt > clock.now()) return
    }
    throw new Error(`something is due on "${channelId}" for ever`)
  }

  function channelOf(channelId: string): PlacedChannel {
    return {
      send: async (message, sending) => {
        sent.push({ channelId, at: clock.now(), message, sending })
        return result
      },
      messagesPerSecondMax: Infinity,
      recipients,
      readBy: 'people',
      editsInPlace: false,
      showsState: false,
      leadsTo: channelId,
    }
  }
}

function throwing(_stage: string, error: unknown): never {
  throw error
}
