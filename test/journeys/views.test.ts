import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { costRow, importRowsInto } from '#src/cost-checks/costs.fixture.ts'
import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const TEAMS = `
name: Teams
kind: SINGLE_DIMENSION
dimension: { dimension: RESOURCE_TAG, key: team }
segments:
  - { title: Shop, values: [shop, checkout] }
  - { title: Data, values: [data] }
  - title: Platform
    values: [platform]
    split: { method: PROPORTIONAL }
`
const ROWS = [
  costRow('2026-01-30', '30', { tags: { team: 'shop' } }),
  costRow('2026-01-30', '10', { tags: { team: 'data' } }),
  costRow('2026-01-30', '8', { tags: { team: 'platform' } }),
  costRow('2026-01-31', '0.000000000001', { tags: { team: 'platform' } }),
  costRow('2026-02-01', '5', { service: 'AmazonS3' }),
  costRow('2026-02-01', '2', { chargeCategory: 'Tax', tags: { team: 'shop' } }),
]

const folder = newDataFolder()
let hub: HubProcess

beforeAll(async () => {
  const first = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(first)
  await first.kill('SIGTERM')
  await importRowsInto(folder, organisationId, { rows: ROWS, execution: 'e1' })
  hub = await startHubProcess(folder)
  writeFileSync(join(folder, 'teams.yaml'), TEAMS)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const belfry = async (...args: string[]) => {
  const { stdout, stderr, status } = await runCommand(folder, args)
  return { text: `${stdout}${stderr}`, status }
}

describe('a view of a YAML file', () => {
  it('parts costs by segment, shares what is shared, and says why', async () => {
    const created = await belfry('views', 'create', '--file', join(folder, 'teams.yaml'))
    expect(created.text).toContain('resource tag "team"')
    expect(created.text).toMatch(/4 +Unallocated +what no other takes/)
    const days = ['--from', '2026-01-01', '--to', '2026-02-28']
    const costs = await belfry('views', 'costs', 'Teams', ...days, '--granularity', 'month')
    expect(costs.text).toContain(
      'Teams, version 1; usage, amortised (USAGE), from 2026-01-01 to 2026-02-28; complete through 2026-02-01',
    )
    expect(costs.text).toMatch(/Shop +36\.00 +67\.9 +36\.00 +0\.00/)
    expect(costs.text).toMatch(/Platform +0\.00 +0\.0 +0\.00 +0\.00/)
    expect(costs.text).toMatch(/Unallocated +5\.00 +9\.4 +0\.00 +5\.00/)
    expect(costs.text).toMatch(/Total +53\.00 +100\.0 +48\.00 +5\.00/)
    const explained = await belfry(
      ...['views', 'explain', '1', '--account', '444444444444', '--tag', 'team=checkout', '--json'],
    )
    expect(JSON.parse(explained.text)).toMatchObject({
      viewVersion: 1,
      segment: { segmentTitle: 'Shop', segmentNumber: 1 },
      tried: [{ matched: true, reason: 'the resource tag "team" is "checkout": in its values' }],
    })

    writeFileSync(
      join(folder, 'teams.json'),
      JSON.stringify({ segments: [{ title: 'Shop', values: ['shop'] }] }),
    )
    const file = join(folder, 'teams.json')
    expect((await belfry('views', 'update', 'Teams', '--file', file)).text).toMatch(/version +2/)
    const { id } = (await hub.rest('GET', '/views')).body.items[0]
    const path = `/views/${id}/costs?from=2026-01-30&to=2026-02-01&measure=ALL`
    const answer = (await hub.rest('GET', path)).body
    expect(answer).toMatchObject({
      ...{
        viewVersion: 2,
        granularity: 'day',
        periods: ['2026-01-30', '2026-01-31', '2026-02-01'],
      },
      currencies: [
        {
          currency: 'USD',
          total: ['48', '0.000000000001', '7'],
          segments: [
            { segmentTitle: 'Shop', segmentNumber: 1, costs: ['30', '0', '2'], sum: '32' },
            { segmentTitle: 'Unallocated', costs: ['18', '0.000000000001', '5'] },
          ],
        },
      ],
    })
    const before = (await hub.rest('GET', `${path}&version=1`)).body
    expect(before.viewVersion).toBe(1)
    expect(before.currencies[0].segments[0]).toMatchObject({
      ...{ costs: ['36', '0.000000000001', '2'], own: ['30', '0', '2'] },
    })
    expect((await hub.rest('GET', `/views/${id}/costs?from=2026-02-30`)).body).toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('"from" must be a day'),
    })
    expect((await belfry('views', 'list')).text).toMatch(/1 +Teams +2 +resource tag "team" +2/)
    expect((await belfry('views', 'delete', 'Teams')).text).toContain('deleted the view "Teams"')
    expect((await belfry('views', 'show', 'Teams')).status).toBe(1)
    const wrong = await belfry('views', 'create', '--file', '/dev/null')
    expect(wrong.text).toContain('neither a YAML mapping nor a JSON object')
  })
})
