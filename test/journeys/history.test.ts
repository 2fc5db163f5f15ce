import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const folder = newDataFolder()
const bus = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`
const PRECISE = '12345678901234567890'
let hub: HubProcess
let receiver: Receiver

/** Orders 0 to 29, of which every third is large and taken by a rule; then one that fails. */
beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const putter = new Putter(await hub.profile('member'))
  receiver = await startReceiver(({ path }, response) => {
    response.statusCode = path === '/gone' ? 404 : 200
    response.end()
  })
  const addRule = async (Name: string, pattern: object) => {
    await putter.call(hub.url, 'PutRule', { Name, EventPattern: JSON.stringify(pattern) })
    const Targets = [{ Id: 't', Arn: `${receiver.url}/${Name}` }]
    await putter.call(hub.url, 'PutTargets', { Rule: Name, Targets })
  }
  await addRule('large', { source: ['shop'], detail: { size: ['large'] } })
  await addRule('gone', { source: ['broken'] })
  for (let n = 0; n < 30; n += 1) {
    const size = n % 3 === 0 ? 'large' : 'small'
    const Detail = `{"n":${n},"size":"${size}","precise":${PRECISE}}`
    const Entries = [{ Source: 'shop', DetailType: 'Order', Detail }]
    await putter.call(hub.url, 'PutEvents', { Entries })
  }
  const Detail = `{"n":30,"precise":${PRECISE},"total":1.0}`
  const Entries = [{ Source: 'broken', DetailType: 'Order', Detail }]
  await putter.call(hub.url, 'PutEvents', { Entries })
  await receiver.waitFor(11)
  await vi.waitFor(async () => {
    if ((await numbers('status=DEAD')).length === 0) throw new Error('no dead letter yet')
  })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const search = async (query: string) => hub.rest('GET', `/events?${query}`)
const numbers = async (query: string) =>
  (await search(query)).body.items.map(({ event }: any) => event.detail.n)
const encoded = (value: object) => encodeURIComponent(JSON.stringify(value))
const downFrom = (n: number, step: number) =>
  Array.from({ length: Math.floor(n / step) + 1 }, (_, at) => n - at * step)

describe('events of the past', () => {
  it('are found by what they are, the newest first', async () => {
    expect(await numbers('source=shop')).toEqual(downFrom(29, 1))
    expect(await numbers(`source=shop&account=${ACCOUNTS.MEMBER}&limit=2`)).toEqual([29, 28])
    expect(await numbers(`source=shop&account=${ACCOUNTS.LOGGING}`)).toEqual([])
    expect(await numbers(`source=broken&region=${REGION}&detailType=Order`)).toEqual([30])
    expect(await numbers('source=shop&region=eu-north-1')).toEqual([])
    expect(await numbers(`bus=${bus}&text=${encodeURIComponent('"SIZE":"Large"')}`)).toEqual(
      downFrom(27, 3),
    )
    const pattern = encoded({ detail: { n: [{ numeric: ['<', 2] }] } })
    expect(await numbers(`source=shop&pattern=${pattern}`)).toEqual([1, 0])
  })

  it('are found by names as the stream finds them', async () => {
    expect(await numbers('source=sho*')).toEqual(downFrom(29, 1))
    expect(await numbers(`source=shop&region=${REGION.slice(0, 3)}*&limit=2`)).toEqual([29, 28])
    expect(await numbers('source=shop&bus=default&limit=2')).toEqual([29, 28])
    expect(await numbers(`source=shop&bus=${ACCOUNTS.LOGGING}`)).toEqual([])
    expect((await search('detailType=AccountCreateEvent')).body.items).not.toEqual([])
  })

  it('are found by how their deliveries stand', async () => {
    expect(await numbers('source=shop&status=DELIVERED')).toEqual(downFrom(27, 3))
    const small = downFrom(29, 1).filter((n) => n % 3 !== 0)
    expect(await numbers('source=shop&status=UNMATCHED')).toEqual(small)
    expect(await numbers('source=shop&status=PENDING')).toEqual([])
  })

  it('are found by their time', async () => {
    const { items } = (await search('source=shop')).body
    const { acceptedAt } = items[10]
    const within = await numbers(`source=shop&from=${acceptedAt}&to=${acceptedAt + 1}`)
    expect(within).toContain(19)
    expect(await numbers(`source=shop&to=${items.at(-1).acceptedAt}`)).toEqual([])
    const iso = new Date(acceptedAt).toISOString()
    expect((await numbers(`source=shop&from=${iso}`)).slice(0, 11)).toEqual(
      downFrom(29, 1).slice(0, 11),
    )
  })

  it('come page by page, each once', async () => {
    const seen: number[] = []
    let token = ''
    do {
      const { body } = await search(`source=shop&limit=7${token}`)
      seen.push(...body.items.map(({ event }: any) => event.detail.n))
      token = body.nextToken === undefined ? '' : `&nextToken=${body.nextToken}`
    } while (token !== '')
    expect(seen).toEqual(downFrom(29, 1))
  })

  it('are not gone on with in another search', async () => {
    const { nextToken } = (await search('source=shop&limit=7')).body
    const other = await search(`source=shop&text=x&nextToken=${nextToken}`)
    expect(other).toMatchObject({ status: 400, body: { code: 'page.invalid-token' } })
  })

  it('are refused a search that makes no sense, with a reason', async () => {
    const refused = async (query: string) => {
      const { status, body } = await search(query)
      return [status, body.code]
    }
    expect(await refused('pattern=nothing')).toEqual([400, 'pattern.invalid'])
    expect(await refused('source=s*p')).toEqual([400, 'filter.invalid'])
    expect(await refused('account=shop')).toEqual([400, 'filter.invalid'])
    // A token of another list.
    const foreign = Buffer.from('01900000-0000').toString('base64url')
    expect(await refused(`nextToken=${foreign}`)).toEqual([400, 'page.invalid-token'])
    expect(await refused('from=yesterday')).toEqual([400, 'period.malformed'])
    expect(await refused('from=20&to=10')).toEqual([400, 'period.empty'])
    expect((await refused('status=LOST'))[0]).toBe(400)
    expect((await refused('limit=1001'))[0]).toBe(400)
  })

  it('are shown to those who may see them, and to nobody else', async () => {
    const other = await hub.rest('POST', '/organisations', {
      ...{ name: 'Other', alias: 'other', customerName: 'Other' },
      ...{ installationRegion: REGION, regions: [REGION] },
    })
    const token = await hub.rest('POST', '/api-tokens', {
      ...{ organisationId: other.body.id, name: 'stranger', role: 'api_admin' },
    })
    const seen = await restAs(hub, token.body, ['GET', '/events?text=shop'])
    expect([seen.status, seen.body.items]).toEqual([200, []])
    const pattern = JSON.stringify({ source: ['shop'] })
    const tested = await restAs(hub, token.body, ['POST', '/rules/backtest', { pattern }])
    expect(tested.body).toMatchObject([{ type: 'result', searched: 0, matched: 0 }])
  })

  it('are searched from the command line', async () => {
    const { stdout, status } = await runCommand(folder, [
      ...['search', '--source', 'shop', '--since', '1h', '--limit', '3', '--json'],
    ])
    expect(status).toBe(0)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event.detail.n),
    ).toEqual([...[29, 28, 27]])
    // Numbers as they were written.
    expect(stdout).toContain(PRECISE)
    const text = await runCommand(folder, ['search', 'large', '--status', 'delivered'])
    expect(text.stdout.trim().split('\n')).toHaveLength(10)
    const [{ event }] = (await search('source=broken')).body.items
    const withIds = await runCommand(folder, ['search', '--source', 'broken', '--ids'])
    expect(withIds.stdout).toMatch(new RegExp(`^${event.id} \\d\\d:\\d\\d:\\d\\d `))
    const none = await runCommand(folder, ['search', '--source', 'none'])
    expect(none).toMatchObject({ status: 0, stdout: '', stderr: 'no such events\n' })
    const wrong = await runCommand(folder, ['search', '--since', 'monday'])
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('15m, 12h or 7d')])
  })
})

describe('a dead letter', () => {
  it('has the event with its numbers as they were written', async () => {
    const { id } = (await hub.rest('GET', '/dead-letters')).body.items[0]
    const written = `"precise":${PRECISE},"total":1.0}`
    expect(await hub.restText('GET', `/dead-letters/${id}`)).toContain(written)
    expect(await hub.restText('GET', '/dead-letters')).toContain(written)
    const shown = await runCommand(folder, ['dead-letters', 'show', String(id)])
    expect(shown.stdout).toMatch(new RegExp(`"precise": ${PRECISE},\\s+"total": 1\\.0`))
  })

  it('is not found by what is no id', async () => {
    const { status, body } = await hub.rest('GET', '/dead-letters/1e0')
    expect([status, body.code]).toEqual([404, 'dead-letter.not-found'])
  })
})

describe('a backtest', () => {
  const pattern = JSON.stringify({ source: ['shop'], detail: { size: ['large'] } })

  it('counts what a rule would have matched, and delivers nothing', async () => {
    const before = receiver.received.length
    const given = ['rules', 'backtest', '--pattern', pattern, '--since', '1h', '--bus', bus]
    const { stdout, status } = await runCommand(folder, [...given, '--json'])
    expect(status).toBe(0)
    const { matched, searched, counts, samples } = JSON.parse(stdout)
    expect([matched, searched]).toEqual([10, 31])
    const sumOf = (name: string) => counts.reduce((sum: number, one: any) => sum + one[name], 0)
    expect([sumOf('matched'), sumOf('searched')]).toEqual([10, 31])
    expect(samples[0].event.detail.size).toBe('large')
    expect(receiver.received).toHaveLength(before)
    const shown = await runCommand(folder, given)
    expect(shown.stdout).toMatch(/^10 events of 31 would have matched$/m)
  })

  it('counts over the time of which events are kept, however long ago it is to begin', async () => {
    const asked = { pattern, buses: [bus] }
    const lines = await restAs(hub, await hub.profile('operator'), [
      ...(['POST', '/rules/backtest', asked] as const),
    ])
    const { counts, searched } = lines.body.at(-1)
    expect(searched).toBe(31)
    expect(counts[0].from).toBeGreaterThan(Date.now() - 3_600_000)
    expect(counts.length).toBeGreaterThan(1)
  })

  it('refuses a pattern that is not valid before it begins', async () => {
    const { status, body } = await hub.rest('POST', '/rules/backtest', { pattern: '{}' })
    expect([status, body.code]).toEqual([400, 'pattern.invalid'])
    expect(body.message).toContain('Empty objects are not allowed')
  })

  it('refuses an event bus that is named otherwise than by its ARN', async () => {
    const asked = { pattern: '{"source":["shop"]}', buses: ['default'] }
    const { status, body } = await hub.rest('POST', '/rules/backtest', asked)
    expect([status, body.code]).toEqual([400, 'bus.invalid'])
  })
})

describe('the volume', () => {
  const volume = async (query: string) => (await hub.rest('GET', `/volume?${query}`)).body
  const ofShop = (items: readonly any[]) =>
    items.filter(({ source, rule }) => source === 'shop' || rule?.endsWith(':rule/large'))

  it('counts events and bytes by what is asked for, by the hour', async () => {
    const items = await vi.waitFor(async () => {
      const found = ofShop((await volume('by=source&by=account')).items)
      if (found[0]?.events !== 30) throw new Error('not all are counted yet')
      return found
    }, 10_000)
    expect(items).toMatchObject([{ source: 'shop', account: ACCOUNTS.MEMBER, events: 30 }])
    const [{ bytes, hours }] = items
    const { items: events } = (await search('source=shop')).body
    const exact = events.reduce(
      (sum: number, { event }: any) => sum + JSON.stringify(event).length,
      0,
    )
    // A number of twenty digits is shorter once it was parsed.
    expect(Math.abs(bytes - exact)).toBeLessThan(30 * PRECISE.length)
    const sum = hours.reduce((total: number, hour: any) => total + hour.events, 0)
    expect(sum).toBe(30)
  })

  it('tells which rules are fed', async () => {
    const { items } = await volume('by=rule')
    const fed = ofShop(items).map(({ events }) => events)
    expect(fed).toEqual([10])
  })

  it('is the same in all however it is counted', async () => {
    const dimensions = ['bus', 'source', 'detailType', 'account', 'region']
    // Other events may be counted between two questions.
    await vi.waitFor(async () => {
      const totals = await Promise.all(dimensions.map(async (by) => volume(`by=${by}`)))
      expect(new Set(totals.map(({ total }) => JSON.stringify(total))).size).toBe(1)
    })
  })

  it('is shown by the command line and in the metrics', async () => {
    const { stdout, status } = await runCommand(folder, ['volume', '--by', 'source,detail-type'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/shop +Order +30 +\d/)
    const wrong = await runCommand(folder, ['volume', '--by', 'colour'])
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('"colour" is none of'),
    ])
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(metrics).toMatch(/belfry_volume_events_total\{source="custom"\} 31/)
  })
})
