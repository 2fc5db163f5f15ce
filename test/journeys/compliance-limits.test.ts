import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--rule-settling-seconds', '3600'])
  ;({ organisationId } = await createOrganisation(hub))
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

let version = 0
const RULE = { id: 'r', title: 'R', severity: 'LOW', assert: 'true' }
const bundle = (rules: readonly object[], name = 'limits') =>
  JSON.stringify({ bundle: name, version: `${(version += 1)}.0.0`, rules })
const upload = (text: string) => hub.rest('POST', '/compliance/bundles', { organisationId, text })
const repeated = (text: string, count: number) => Array.from({ length: count }, () => text)
const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status

describe('a bundle of rules', () => {
  const of = (rule: object) => bundle([{ ...RULE, ...rule }])
  const rules = (count: number) =>
    bundle(Array.from({ length: count }, (_, n) => ({ ...RULE, id: `r${n}` })))
  const characters = (count: number) => bundle([RULE]).padEnd(count)
  const text = (count: number) => 'x'.repeat(count)
  const example = { resourceType: 'T' }
  const examples = (count: number) => Array.from({ length: count }, () => example)
  const id = (count: number) => of({ id: text(count) })

  it.each<[what: string, make: (count: number) => string, most: number]>([
    ['rules', rules, 200],
    ['characters', characters, 1_024 * 1_024],
    ['characters of a rule’s id', id, 64],
    ['characters of a title', (count) => of({ title: text(count) }), 1_024],
    ['characters of a message', (count) => of({ message: text(count) }), 1_024],
    ['frameworks of a rule', (count) => of({ frameworks: repeated('CIS', count) }), 50],
    ['examples that pass', (count) => of({ examples: { pass: examples(count) } }), 50],
    ['examples that fail', (count) => of({ examples: { fail: examples(count) } }), 50],
    ['characters of a condition', (count) => of({ assert: 'true'.padEnd(count) }), 2_000],
  ])('has so many %s and no more', async (_what, make, most) => {
    expect(await statusOf(upload(make(most)))).toBe(201)
    expect(await statusOf(upload(make(most + 1)))).toBe(400)
  })

  const list = (count: number) => `[${repeated('1', count).join()}] != []`
  /** Each is 104 nodes: a list of a hundred, an empty one, their comparison and what joins them. */
  const lists = (count: number) => repeated(`${list(100)} && `, count).join('')
  const nested = (count: number) =>
    `${Array.from({ length: count }, (_, n) => `resource.l.all(x${n}, `).join('')}true${')'.repeat(count)}`
  it.each<[what: string, make: (count: number) => string, most: number, why: string]>([
    ['nodes', (count) => lists(4) + list(count - 419), 500, 'maxAstNodes (500)'],
    ['levels', (count) => `${'['.repeat(count)}${']'.repeat(count)} != []`, 50, 'maxDepth (50)'],
    ['items of a list', list, 100, 'maxListElements (100)'],
    [
      'entries of a map',
      (count) => `{${Array.from({ length: count }, (_, n) => `${n}: 1`).join()}} != {}`,
      50,
      'maxMapEntries (50)',
    ],
    ['macros in each other', nested, 2, 'nest 2 deep'],
  ])('has conditions of so many %s and no more', async (_what, make, most, why) => {
    expect(await statusOf(upload(of({ assert: make(most) })))).toBe(201)
    const { status, body } = await upload(of({ assert: make(most + 1) }))
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'compliance-bundle.invalid' })
    expect(body.message).toContain(why)
  })

  it('calls nothing with more than ten arguments, whether or not there is such a function', async () => {
    const call = (count: number) => of({ assert: `f(${repeated('1', count).join()})` })
    const [ten, eleven] = [await upload(call(10)), await upload(call(11))]
    expect([ten.status, eleven.status]).toEqual([400, 400])
    expect(ten.body.message).not.toContain('maxCallArguments')
    expect(eleven.body.message).toContain('maxCallArguments (10)')
  })

  it('is one of fifty of the organisation’s own, and those may be replaced', async () => {
    const { items } = (
      await hub.rest('GET', `/compliance/bundles?organisationId=${organisationId}`)
    ).body
    const own = items.filter(({ source }: any) => source === 'OWN').length
    for (let n = own; n < 50; n += 1) {
      expect(await statusOf(upload(bundle([RULE], `own-${n}`)))).toBe(201)
    }
    const { status, body } = await upload(bundle([RULE], 'one-more'))
    expect({ status, ...body }).toMatchObject({ status: 409, code: 'compliance-bundle.too-many' })
    expect(await statusOf(upload(bundle([RULE], 'own-49')))).toBe(201)
    await hub.rest('DELETE', `/compliance/bundles/own-49?organisationId=${organisationId}`)
    expect(await statusOf(upload(bundle([RULE], 'one-more')))).toBe(201)
  })
})

describe('an exception', () => {
  const HOUR = 3_600_000
  const create = (given: { scope?: object; reason?: string }) =>
    hub.rest('POST', '/compliance/exceptions', {
      ...{ organisationId, until: Date.now() + HOUR, reason: 'x', scope: { ruleId: 'r' } },
      ...given,
    })
  const text = (count: number) => 'x'.repeat(count)
  it.each<[what: string, given: (count: number) => object, most: number]>([
    ['reason', (count) => ({ reason: text(count) }), 1_024],
    ['rule', (count) => ({ scope: { ruleId: text(count) } }), 2_048],
    ['resource', (count) => ({ scope: { resourceId: text(count) } }), 2_048],
    ['tag’s key', (count) => ({ scope: { tag: { key: text(count) } } }), 128],
    ['tag’s value', (count) => ({ scope: { tag: { key: 'k', value: text(count) } } }), 256],
  ])('has so many characters of a %s and no more', async (_what, given, most) => {
    expect(await statusOf(create(given(most)))).toBe(201)
    expect(await statusOf(create(given(most + 1)))).toBe(400)
  })

  it('is one of 500 of the organisation', async () => {
    const list = `/compliance/exceptions?organisationId=${organisationId}&limit=1000`
    const { items } = (await hub.rest('GET', list)).body
    for (let n = items.length; n < 500; n += 1) expect(await statusOf(create({}))).toBe(201)
    const { status, body } = await create({})
    expect({ status, ...body }).toMatchObject({
      status: 409,
      code: 'compliance-exception.too-many',
    })
    await hub.rest('DELETE', `/compliance/exceptions/${items[0].id}`)
    expect(await statusOf(create({}))).toBe(201)
  }, 60_000)
})

const packed = (text: string) => gzipSync(text).toString('base64')
const send = (given: object) =>
  hub.rest('POST', '/compliance/imports', { organisationId, ...given })

describe('an import', () => {
  it('holds 100,000 items, and says why the first hundred were skipped', async () => {
    const items = (count: number) => packed(`[${repeated('{}', count).join()}]`)
    const most = await send({ gzip: items(100_000) })
    expect(most.body).toMatchObject({ format: 'OCSF', read: 0, skippedCount: 100_000 })
    expect(most.body.skipped).toHaveLength(100)
    const { status, body } = await send({ gzip: items(100_001) })
    expect({ status, ...body }).toMatchObject({ status: 400, code: 'compliance-import.too-many' })
  }, 60_000)

  it('is of 64 MiB unpacked', async () => {
    const text = (bytes: number) => packed('[]'.padEnd(bytes))
    const most = 64 * 1_024 * 1_024
    expect((await send({ gzip: text(most) })).body).toMatchObject({ format: 'OCSF', read: 0 })
    const { status, body } = await send({ gzip: text(most + 1) })
    expect({ status, ...body }).toMatchObject({ status: 400, code: 'compliance-import.invalid' })
    expect(body.message).toContain('larger than 67108864 bytes')
  }, 60_000)

  it('checks resources of 256 KiB, with lists of 1,000 items', async () => {
    const enabled = { organisationId, enabled: true }
    expect(await statusOf(hub.rest('PUT', '/compliance/bundles/tagging', enabled))).toBe(200)
    const item = { resourceType: 'T', resourceId: 'r', tags: {}, configuration: {} }
    const sized = (characters: number) => {
      const missing = characters - JSON.stringify({ ...item, text: '' }).length
      return { ...item, text: 'x'.repeat(missing) }
    }
    const listed = (length: number) => ({ ...item, list: repeated('x', length) })
    const most = 256 * 1_024
    const configurationItems = [sized(most), sized(most + 1), listed(1_000), listed(1_001)]
    const { body } = await send({ document: { configurationItems } })
    expect(body).toMatchObject({
      read: 2,
      skipped: [
        { index: 1, reason: 'it is longer than 262144 characters' },
        { index: 3, reason: 'it has a list of more than 1000 items' },
      ],
    })
  })
})

const ocsf = (resource: object, more: object = {}) => ({
  ...{ class_uid: 2004, severity_id: 4, status_code: 'FAIL', time: 1_769_900_000 },
  ...{ metadata: { event_code: 'limits', product: { name: 'Prowler' } } },
  ...{ finding_info: { title: 'T', uid: 'u' }, status_detail: 'It is.' },
  ...{ cloud: { account: { uid: ACCOUNTS.MEMBER }, region: REGION } },
  resources: [resource],
  ...more,
})
const found = async (query: string) =>
  (await hub.rest('GET', `/findings?organisationId=${organisationId}&${query}`)).body

describe('a finding', () => {
  it('is of a resource whose name has 2,048 characters', async () => {
    const uid = (count: number) => ocsf({ uid: 'n'.repeat(count) })
    const { body } = await send({ document: [uid(2_048), uid(2_049)] })
    expect(body).toMatchObject({ read: 1, changed: 1, skipped: [{ index: 1 }] })
  })

  it('is of a time that an alert can tell', async () => {
    const of = (time: number) => ocsf({ uid: 'arn:time' }, { time })
    const { body } = await send({ document: [of(1_769_900_000_000_000), of(-1)] })
    const reason = 'it names no resource or no check, or is of no time between 1970 and 9999'
    expect(body).toMatchObject({ read: 1, changed: 1, skipped: [{ index: 1, reason }] })
    const [shown] = (await found('text=arn:time')).items
    expect(shown.evaluatedAt).toBe(1_769_900_000_000)
  })

  it('keeps 1,024 characters of a text, 100 tags and 50 frameworks', async () => {
    const labels = (count: number) => Array.from({ length: count }, (_, n) => `key${n}:v`)
    const compliance = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`CIS-${n}`, []]))
    const finding = (uid: string, more: 0 | 1) =>
      ocsf(
        { uid, labels: labels(100 + more) },
        {
          status_detail: 'd'.repeat(1_024 + more),
          unmapped: { compliance: compliance(50 + more) },
        },
      )
    await send({ document: [finding('at-most', 0), finding('beyond', 1)] })
    for (const [uid, reason] of [
      ['at-most', 'd'.repeat(1_024)],
      ['beyond', `${'d'.repeat(1_023)}…`],
    ] as const) {
      const [shown] = (await found(`text=${uid}`)).items
      expect(shown.reason).toBe(reason)
      expect(Object.keys(shown.tags)).toHaveLength(100)
      expect(shown.frameworks).toHaveLength(50)
    }
  })

  it('is looked for in 20,000 at a time, and the page says where to go on', async () => {
    const document = Array.from({ length: 20_001 }, (_, n) =>
      ocsf({ uid: `many-${n}` }, { status_code: 'PASS' }),
    )
    expect((await send({ gzip: packed(JSON.stringify(document)) })).body.changed).toBe(20_001)
    const first = await found('text=nowhere')
    expect(first).toMatchObject({ items: [], nextToken: expect.any(String) })
    const rest = await found(`text=nowhere&nextToken=${encodeURIComponent(first.nextToken)}`)
    expect(rest).toEqual({ items: [] })
  }, 120_000)

  it('is looked for by texts of 256 characters, and rules of 2,048', async () => {
    for (const [name, most] of [
      ['text', 256],
      ['ruleId', 2_048],
    ] as const) {
      expect((await found(`${name}=${'x'.repeat(most)}`)).items).toEqual([])
      expect((await found(`${name}=${'x'.repeat(most + 1)}`)).code).toBe('request.invalid')
    }
  })
})

describe('tag policies', () => {
  it('are of 50 texts, and keys of 128 and values of 256 characters', async () => {
    const bring = (policies: readonly string[]) =>
      hub.rest('POST', '/compliance/tag-policies', { organisationId, name: 'limits', policies })
    const key = (count: number) => JSON.stringify({ tags: { ['k'.repeat(count)]: {} } })
    const value = (count: number) =>
      JSON.stringify({ tags: { k: { tag_value: { '@@assign': ['v'.repeat(count)] } } } })
    for (const [one, more] of [
      [[key(128)], [key(129)]],
      [[value(256)], [value(257)]],
      [repeated(key(1), 50), repeated(key(1), 51)],
    ] as const) {
      expect(await statusOf(bring(one))).toBe(201)
      expect(await statusOf(bring(more))).toBe(400)
    }
  })
})
