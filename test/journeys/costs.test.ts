import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { endOf, importFiles, putBytes } from '../cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const SAMPLES = new URL('../../samples/costs/', import.meta.url)
const FOCUS = readFileSync(new URL('focus-1.0.csv.gz', SAMPLES))
const CUR = readFileSync(new URL('aws-cur-legacy.csv.gz', SAMPLES))

const COMMANDS_WITHIN_MS = 90_000

const folder = newDataFolder()
const costFolder = join(folder, 'bills')
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--cost-folder', costFolder])
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const importInto = (exportName: string, files: Readonly<Record<string, Uint8Array>>) =>
  importFiles(hub, { organisationId, exportName }, files)
const periodsOf = async (exportName: string) => {
  const { body } = await hub.rest('GET', `/cost-periods?organisationId=${organisationId}`)
  return body.items.filter((period: any) => period.exportName === exportName)
}

/** Adds decimal texts as people do it on paper: digits under digits. */
function paperSum(texts: readonly string[]): string {
  const places = 20
  const sum = texts.reduce((total, text) => {
    const [number = '', power = '0'] = text.replace(/^-/, '').split('E')
    const [whole = '', fraction = ''] = number.split('.')
    const digits = BigInt(whole + fraction + '0'.repeat(places - fraction.length + Number(power)))
    return total + (text.startsWith('-') ? -digits : digits)
  }, 0n)
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0')
  const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '')
  return sum < 0n ? `-${text}` : text
}

const rowsOf = (file: Uint8Array): readonly Record<string, string>[] =>
  parse(gunzipSync(file), { columns: true })

describe('the costs of an organisation', () => {
  it('are those of a FOCUS export to the last digit, by month, and the same files change nothing', async () => {
    const done = await importInto('focus', { 'focus.csv.gz': FOCUS })
    expect(done).toMatchObject({ status: 'done', report: { rowsRead: 1_000, rowsSkipped: 0 } })
    const rows = rowsOf(FOCUS)
    for (const period of await periodsOf('focus')) {
      const ofMonth = rows.filter((row) => row['BillingPeriodStart']?.startsWith(period.month))
      expect(period.totals).toEqual([
        {
          currency: 'USD',
          billedCost: paperSum(ofMonth.map((row) => row['BilledCost'] ?? '')),
          effectiveCost: paperSum(ofMonth.map((row) => row['EffectiveCost'] ?? '')),
        },
      ])
    }
    expect((await periodsOf('focus')).map(({ month }: any) => month)).toEqual([
      '2024-09',
      '2024-10',
    ])
    const again = await importInto('focus', { 'renamed.csv.gz': FOCUS })
    expect(again.status).toBe('unchanged')
    const sums = await hub.rest(
      'GET',
      `/cost-sums?organisationId=${organisationId}&from=2024-09-18&to=2024-09-18&by=service&by=region`,
    )
    const sqs = rows.filter(
      (row) =>
        row['ServiceName'] === 'Amazon Simple Queue Service' &&
        row['RegionId'] === 'us-west-2' &&
        row['ChargePeriodStart']?.startsWith('2024-09-18'),
    )
    const found = sums.body.items.find(
      (sum: any) => sum.service === 'Amazon Simple Queue Service' && sum.region === 'us-west-2',
    )
    expect(found.billedCost).toBe(paperSum(sqs.map((row) => row['BilledCost'] ?? '')))

    const backwards = `organisationId=${organisationId}&from=2024-09-19&to=2024-09-18`
    const { status, body } = await hub.rest('GET', `/cost-sums?${backwards}`)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'cost-sums.invalid-range' })
  })

  it('are those of a legacy AWS report', async () => {
    const done = await importInto('cur', { 'cur-00001.csv.gz': CUR })
    expect(done).toMatchObject({ status: 'done', report: { rowsRead: 1_281, rowsSkipped: 0 } })
    const billed = paperSum(rowsOf(CUR).map((row) => row['lineItem/UnblendedCost'] ?? ''))
    expect(await periodsOf('cur')).toMatchObject([
      {
        month: '2023-11',
        completeThrough: '2023-11-30',
        totals: [{ currency: 'USD', billedCost: billed, effectiveCost: billed }],
      },
    ])
  })

  it('are replaced a billing period at a time, and stay where an import fails', async () => {
    const lines = gunzipSync(FOCUS).toString().trimEnd().split('\n')
    const half = gzipSync(lines.slice(0, 500).join('\n'))
    const before = await importInto('restated', { 'a.csv.gz': FOCUS })
    const cut = await importInto('restated', { 'a.csv.gz': FOCUS.subarray(0, 60_000) })
    expect(cut).toMatchObject({ status: 'failed', error: expect.stringContaining('is it whole?') })
    const [september] = await periodsOf('restated')
    expect(september.execution).toBe(before.execution)
    const after = await importInto('restated', { 'a.csv.gz': half })
    const replaced = after.report?.periods.find(({ month }) => month === '2024-09')
    expect(replaced?.before).toEqual(september.totals)
    const [now] = await periodsOf('restated')
    expect(now).toMatchObject({ execution: after.execution, totals: replaced?.totals })
    expect(after.report?.warnings[0]).toContain('in the export "focus" too')
  })

  it('come from the organisation’s own folder on the hub, and from nowhere else', async () => {
    const own = join(costFolder, organisationId)
    mkdirSync(join(own, '2023-11'), { recursive: true })
    writeFileSync(join(own, '2023-11', 'report-00001.csv.gz'), CUR)
    writeFileSync(join(own, '2023-11', 'report-Manifest.json'), '{}')
    writeFileSync(join(costFolder, 'others.csv'), 'secret')
    symlinkSync(join(costFolder, 'others.csv'), join(own, 'link.csv'))
    symlinkSync(costFolder, join(own, '2023-11', 'all'))
    const start = async (path: string) => {
      const from = { kind: 'folder', path }
      const given = { organisationId, exportName: 'folder', from }
      return endOf(hub, (await hub.rest('POST', '/cost-imports', given)).body.id)
    }
    expect(await start('2023-11')).toMatchObject({ status: 'done', report: { files: 1 } })
    for (const path of ['../others.csv', 'link.csv', 'missing', '/etc/passwd']) {
      expect(await start(path)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining(`there is no "${path}"`),
      })
    }
    for (const run of ['20231201T000000Z-a', '20231202T000000Z-b']) {
      const data = join(own, 'copy', 'data', 'BILLING_PERIOD=2023-11', run)
      mkdirSync(data, { recursive: true })
      writeFileSync(join(data, 'cur-00001.csv.gz'), CUR)
    }
    expect((await start('copy')).error).toMatch(
      /"copy\/data\/BILLING_PERIOD=2023-11" has the runs "20231201T000000Z-a" and "20231202T000000Z-b"/,
    )
    const latest = 'copy/data/BILLING_PERIOD=2023-11/20231202T000000Z-b'
    expect((await start(latest)).status).toBe('unchanged')
  })

  it('are uploaded part by part, each where the last one ended', async () => {
    const given = { organisationId, exportName: 'parts', from: { kind: 'upload' } }
    const { id } = (await hub.rest('POST', '/cost-imports', given)).body
    const path = `/cost-imports/${id}/files/a.csv`
    expect((await hub.rest('POST', `/cost-imports/${id}/start`)).body.code).toBe(
      'cost-import.empty',
    )
    expect(await (await putBytes(hub, `${path}?offset=0`, FOCUS.subarray(0, 10))).json()).toEqual({
      bytes: 10,
    })
    const wrong = await putBytes(hub, `${path}?offset=0`, FOCUS.subarray(0, 10))
    expect(await wrong.json()).toMatchObject({
      code: 'cost-import.offset',
      message: expect.stringContaining('offset=10'),
    })
    expect((await hub.rest('DELETE', `/cost-imports/${id}`)).status).toBe(204)
    expect((await putBytes(hub, `${path}?offset=10`, FOCUS.subarray(10, 20))).status).toBe(409)
  })

  it(
    'are as they were when an import of many rows is cancelled',
    async () => {
      const own = join(costFolder, organisationId)
      mkdirSync(own, { recursive: true })
      const header =
        'BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName,SkuMeter'
      const row = (number: number) =>
        `1,1,USD,2025-01-01T00:00:00Z,2025-01-${String((number % 28) + 1).padStart(2, '0')}T00:00:00Z,Usage,1,EC2,AWS,meter-${number % 5_000}`
      const bill = (rows: number) =>
        [header, ...Array.from({ length: rows }, (_, number) => row(number)), ''].join('\n')
      await importInto('cancelled', { 'a.csv': Buffer.from(bill(10)) })
      const before = await periodsOf('cancelled')
      writeFileSync(join(own, 'many.csv'), bill(600_000))

      const args = ['costs', 'import', '--folder', 'many.csv', '--export', 'cancelled']
      const command = runCommand(folder, args)
      const id = await vi.waitFor(
        async () => {
          const asked = `/cost-imports?organisationId=${organisationId}&limit=1`
          const [newest] = (await hub.rest('GET', asked)).body.items
          expect(newest).toMatchObject({ from: { path: 'many.csv' }, status: 'running' })
          expect(newest.progress?.rows).toBeGreaterThan(0)
          return newest.id
        },
        { timeout: 30_000, interval: 10 },
      )
      expect((await hub.rest('DELETE', `/cost-imports/${id}`)).status).toBe(204)
      const { status, stderr } = await command
      expect({ status, stderr }).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(
          'the import was cancelled: billing periods are as they were',
        ),
      })
      const ended = (await hub.rest('GET', `/cost-imports/${id}`)).body
      expect(ended).toMatchObject({ status: 'cancelled' })
      expect(ended.report).toBeUndefined()
      expect(await periodsOf('cancelled')).toEqual(before)
      // The next one has its turn, and finds what was there.
      const again = await importInto('cancelled', { 'a.csv': Buffer.from(bill(10)) })
      expect(again.status).toBe('unchanged')

      const upload = { organisationId, exportName: 'cancelled', from: { kind: 'upload' } }
      const { body } = await hub.rest('POST', '/cost-imports', upload)
      const cancelled = await runCommand(folder, ['costs', 'cancel', body.id])
      expect(cancelled.stdout).toContain(`cancelled the import ${body.id}`)
      const [shown, twice] = await Promise.all([
        runCommand(folder, ['costs', 'imports', body.id]),
        runCommand(folder, ['costs', 'cancel', body.id]),
      ])
      expect(shown.stdout).toMatch(/status +cancelled: billing periods are as they were/)
      expect(twice).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('only what has not ended can be cancelled'),
      })
    },
    COMMANDS_WITHIN_MS,
  )

  it(
    'are imported and shown by the command line',
    async () => {
      const file = join(folder, 'bill.csv.gz')
      writeFileSync(file, CUR)
      const imported = await runCommand(folder, ['costs', 'import', file, '--export', 'cli'])
      expect(imported.stdout).toContain('1,281 rows of AWS CUR in 1 file')
      const by = ['costs', 'summary', '--by', 'export', '--to', '2023-12-31']
      const [shown, sums, list] = await Promise.all([
        runCommand(folder, ['costs', 'summary']),
        runCommand(folder, by),
        runCommand(folder, ['costs', 'imports']),
      ])
      expect(shown.stdout).toMatch(
        /2023-11 +cli +2023-11-30 +\d+ +1\.6823086974 +1\.6823086974 +USD/,
      )
      expect(shown.stdout).toContain('billed as invoiced, effective as amortised')
      expect(sums.stdout).toMatch(/costs from 2023-11-\d\d to 2023-12-31, all charges/)
      expect(`${sums.stdout}${sums.stderr}`).toMatch(/cli +1\.6823086974/)
      expect(list.stdout).toMatch(/cli +done +1281 +0 +2023-11/)
      const days = await runCommand(folder, [
        'costs',
        'summary',
        '--by',
        'day,export',
        '--to',
        '2023-12-31',
      ])
      const [total = '', ...lines] = days.stdout.trimEnd().split('\n').toReversed()
      // Three exports tell of that month by now.
      expect(total).toMatch(/^Total +5\.0469260922 +5\.0469260922 +USD$/)
      const shownDays = lines.flatMap((line) => /^2023-\d\d-\d\d/.exec(line) ?? []).toReversed()
      expect(shownDays.length).toBeGreaterThan(2)
      expect(shownDays).toEqual(shownDays.toSorted())
      const [late, backwards, broken] = await Promise.all([
        runCommand(folder, ['costs', 'summary', '--by', 'day', '--from', '2999-01-01']),
        runCommand(folder, [...by, '--from', '2024-01-01']),
        // It is there, and cannot be read.
        runCommand(folder, ['costs', 'import', '/proc/self/mem', '--export', 'broken']),
      ])
      expect(late.stderr).toMatch(/no costs from 2999-01-01 on: the last are of \d{4}-/)
      expect(backwards.stderr).toContain('--from 2024-01-01 is after --to 2023-12-31')
      expect([late.status, backwards.status, broken.status]).not.toContain(0)
      const asked = `/cost-imports?organisationId=${organisationId}`
      const { items } = (await hub.rest('GET', asked)).body
      const [given] = items.filter(({ exportName }: any) => exportName === 'broken')
      expect(given).toMatchObject({ status: 'cancelled', from: { kind: 'upload' } })
      await runCommand(folder, ['costs', 'delete', '2023-11', '--export', 'cli'])
      expect(await periodsOf('cli')).toEqual([])
    },
    COMMANDS_WITHIN_MS,
  )

  it(
    'come of the sample bill as if it were of the month of yesterday',
    async () => {
      const imported = await runCommand(folder, ['costs', 'sample'])
      expect(imported.stdout).toContain('1,000 rows of FOCUS in 1 file')
      const yesterday = new Date(Date.now() - 86_400_000).toISOString()
      const [period] = (await periodsOf('sample')).toSorted((a: any, b: any) =>
        a.month < b.month ? -1 : 1,
      )
      const [total] = (await periodsOf('focus')).flatMap(({ month, totals }: any) =>
        month === '2024-09' ? totals : [],
      )
      expect(period).toMatchObject({ month: yesterday.slice(0, 7), totals: [total] })
    },
    COMMANDS_WITHIN_MS,
  )
})
