import { randomUUID } from 'node:crypto'

import { expect, it } from 'vitest'

import { EMITTED_PER_REQUEST_MAX } from '#src/model/emitted-event.ts'
import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'

const FINDINGS = 10_000
const RULES = 40
const OWNERS = 25
const WAIT_MS_MAX = 240_000
const RETRY_AFTER_S = 2
const REFUSED_FIRST = 3

it(
  'a storm of findings is a few messages that leave none out, however Slack is limited',
  { timeout: WAIT_MS_MAX + 60_000 },
  async () => {
    const folder = newDataFolder()
    const hub = await startHubProcess(folder)
    const accepted: any[] = []
    const requestedAt: number[] = []
    let lastAcceptedAt = 0
    // Slack: one message a second for each channel, and not at all to begin with.
    const slack = await startReceiver((request, response) => {
      requestedAt.push(request.at)
      const isTooSoon = request.at - lastAcceptedAt < 1_000
      if (requestedAt.length <= REFUSED_FIRST || isTooSoon) {
        response.writeHead(429, { 'retry-after': String(RETRY_AFTER_S) }).end()
        return
      }
      lastAcceptedAt = request.at
      accepted.push(request.body)
      response.end('ok')
    })
    const { organisationId } = await createOrganisation(hub)
    const post = async (path: string, body: object) => (await hub.rest('POST', path, body)).body
    const settings = { kind: 'slack-webhook', url: `${slack.url}/services/T/B/x` }
    const channel = await post('/channels', { organisationId, name: 'slack', settings })
    const notification = await post('/notifications', {
      organisationId,
      name: 'storm',
      channelId: channel.id,
      alerts: { compliance: {} },
      ownerTag: 'owner',
      settleSeconds: 5,
      updateSeconds: 30,
    })
    expect(notification).toMatchObject({ number: 1 })

    const example = eventTypeOf('ComplianceAlertEvent')?.example
    const events = Array.from({ length: FINDINGS }, (_, at) => ({
      id: randomUUID(),
      organisationId,
      name: 'ComplianceAlertEvent',
      fields: {
        ...example,
        alertId: `finding-${at}`,
        ruleId: `rule-${at % RULES}`,
        ruleName: `Rule ${at % RULES}`,
        resourceId: `arn:aws:s3:::bucket-${at}`,
        resourceTags: { owner: `team-${Math.floor(at / RULES) % OWNERS}` },
      },
    }))
    for (let at = 0; at < FINDINGS; at += EMITTED_PER_REQUEST_MAX) {
      const some = events.slice(at, at + EMITTED_PER_REQUEST_MAX)
      const { status } = await hub.rest('POST', '/tenancy-events', { events: some })
      expect(status).toBe(200)
    }

    const incidentsNow = () => allOf(hub, '/incidents', { organisationId })
    const sum = (items: readonly any[], field: string) =>
      items.reduce((total, item) => total + item[field], 0)
    const deadline = Date.now() + WAIT_MS_MAX
    let incidents = await incidentsNow()
    while (sum(incidents, 'told') < FINDINGS && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      incidents = await incidentsNow()
    }

    // Every finding is in an incident, and each of them in a message.
    expect(incidents).toHaveLength(RULES * OWNERS)
    expect(sum(incidents, 'alerts')).toBe(FINDINGS)
    expect(sum(incidents, 'told')).toBe(FINDINGS)
    const counted = accepted.map((body) => countIn(JSON.stringify(body)))
    expect(counted.reduce((total, count) => total + count, 0)).toBe(FINDINGS)
    expect(accepted.length).toBeLessThanOrEqual(5)
    // What Slack asks for: a second between requests, and the pause that a refusal asks for.
    const gaps = requestedAt.slice(1).map((at, index) => at - (requestedAt[index] as number))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000)
    expect(Math.min(...gaps.slice(0, REFUSED_FIRST))).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000)
    const ledger = await allOf(hub, '/notification-ledger', { organisationId, outcome: 'SENT' })
    expect(new Set(ledger.map(({ messageId }) => messageId)).size).toBe(accepted.length)
    expect(new Set(ledger.map(({ incidentId }) => incidentId)).size).toBe(RULES * OWNERS)

    await hub.kill('SIGTERM')
    await slack.close()
    removeDataFolder(folder)
  },
)

/** All pages of a list. */
async function allOf(hub: HubProcess, path: string, filter: Record<string, string>) {
  const items: any[] = []
  let nextToken: string | undefined
  do {
    const page = { limit: '1000', ...(nextToken !== undefined && { nextToken }) }
    const query = new URLSearchParams({ ...filter, ...page })
    const { body } = await hub.rest('GET', `${path}?${query.toString()}`)
    items.push(...body.items)
    nextToken = body.nextToken
  } while (nextToken !== undefined)
  return items
}

/** The number of alerts that a message says it tells of. */
function countIn(message: string): number {
  const [, count = '0'] = /Alerts in all[^0-9]*([0-9,]+)/.exec(message) ?? []
  return Number(count.replaceAll(',', ''))
}
