import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { describe, expect, it } from 'vitest'

import { eventDocument, eventShape, plainDocument, schemaNameOf } from './discovered-document.ts'
import { draft4Of } from './export-draft-4.ts'
import { checkContent } from './schema-document.ts'
import type { SchemaObject } from './schema-document.ts'
import { cutBelow, merged, shapeOf } from './value-shape.ts'
import type { ValueShape } from './value-shape.ts'

const KIND = { source: 'shop', detailType: 'Order Placed' }

/** Few names, so that events have some in common; some that JavaScript itself uses. */
const name = fc.constantFrom('a', 'b', 'required', 'enum', 'nullable', '$ref', 'constructor')
const time = fc.constantFrom('2026-01-31T08:15:00Z', '2026-01-31T08:15:00.607+10:30')
const json = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      time,
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object
const shapes = json.map(shapeOf)

const event = json.map((detail) => ({
  version: '0',
  id: '0194f0e2-5a3c-7b11-9d0e-4c5d6e7f8a9b',
  'detail-type': KIND.detailType,
  source: KIND.source,
  account: '111122223333',
  time: '2026-01-31T08:15:00Z',
  region: 'eu-west-1',
  resources: [],
  detail,
}))

function accepts(document: Parameters<typeof draft4Of>[0], value: unknown): boolean {
  return Compile(draft4Of(document) as object).Check(value)
}

/** Only what was seen: a property that was never seen is otherwise allowed to be anything. */
function closed(schema: SchemaObject): SchemaObject {
  return JSON.parse(JSON.stringify(schema), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && 'type' in value
      ? { additionalProperties: false, ...value }
      : value,
  ) as SchemaObject
}

describe('the schema of events', () => {
  it('is a valid document of its type and admits the events that it was made of', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
        const document = eventDocument(events.map(eventShape).reduce(merged), KIND)
        checkContent('OpenApi3', JSON.stringify(document))
        checkContent('JSONSchemaDraft4', JSON.stringify(draft4Of(document)))
        for (const seen of events) expect(accepts(document, seen)).toBe(true)
      }),
    )
  })

  it('admits, once it has seen more, all that it admitted before', () => {
    fc.assert(
      fc.property(json, json, json, (first, more, other) => {
        const before = shapeOf(first)
        const after = merged(before, shapeOf(more))
        const admits = (shape: ValueShape) =>
          Compile(closed(draft4Of(plainDocument(shape))) as object).Check(other)
        expect(admits(before) && !admits(after)).toBe(false)
        expect(admits(shapeOf(other))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps admitting them when it is cut to what there is room for', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 0, max: 4 }), (value, levels) => {
        const shape = cutBelow(shapeOf(value), levels)
        expect(accepts(plainDocument(shape), value)).toBe(true)
        expect(merged(shape, shapeOf(value))).toBe(shape)
      }),
    )
  })

  it('depends neither on the order of events nor on how often they come', () => {
    fc.assert(
      fc.property(shapes, shapes, shapes, (a, b, c) => {
        const document = (shape: ValueShape) => plainDocument(shape)
        expect(document(merged(a, b))).toEqual(document(merged(b, a)))
        expect(document(merged(merged(a, b), c))).toEqual(document(merged(a, merged(b, c))))
        const both = merged(a, b)
        expect(merged(both, a)).toBe(both)
        expect(merged(both, b)).toBe(both)
      }),
    )
  })

  it('refuses what no event was like', () => {
    const seen = {
      total: 7,
      at: '2026-01-31T08:15:00Z',
      note: null,
      lines: [{ sku: 'x' }],
      none: [],
    }
    const document = plainDocument(shapeOf(seen))
    const others = [
      { ...seen, total: '7' },
      { ...seen, at: 'yesterday' },
      { ...seen, note: 'x' },
      { ...seen, lines: [{}] },
      { ...seen, none: [1] },
      { total: 7 },
    ]
    expect(others.map((other) => accepts(document, other))).toEqual(others.map(() => false))
  })

  it('takes for times what RFC 3339 does', () => {
    const texts = ['2026-01-31T08:15:00Z', '2026-01-31T08:15:00Z[UTC]', '2026-02-30T08:15:00Z']
    expect(texts.map((text) => shapeOf(text).string)).toEqual(['date-time', 'text', 'text'])
  })

  it('tells tables with keys of their own making from structures', () => {
    const table = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, n]))
    const document = plainDocument(shapeOf({ table }))
    expect(document.components?.schemas?.['Event']?.properties?.['table']).toEqual({
      type: 'object',
    })
  })
})

it('has EventBridge’s form', () => {
  const detail = { total: 7, customer: { name: 'Ada' } }
  const shape = eventShape({ ...fc.sample(event, { numRuns: 1, seed: 1 })[0], detail })
  const text = { type: 'string' }
  expect(eventDocument(shape, KIND)).toEqual({
    openapi: '3.0.0',
    info: { version: '1.0.0', title: 'OrderPlaced' },
    paths: {},
    components: {
      schemas: {
        AWSEvent: {
          type: 'object',
          required: expect.arrayContaining([
            ...['account', 'detail', 'detail-type', 'id', 'region', 'resources', 'source', 'time'],
            'version',
          ]),
          'x-amazon-events-detail-type': 'Order Placed',
          'x-amazon-events-source': 'shop',
          properties: {
            ...{ account: text, 'detail-type': text, id: text, region: text, source: text },
            ...{ version: text, time: { type: 'string', format: 'date-time' } },
            resources: { type: 'array', items: text },
            detail: { $ref: '#/components/schemas/OrderPlaced' },
          },
        },
        OrderPlaced: {
          type: 'object',
          required: ['customer', 'total'],
          properties: {
            customer: { type: 'object', required: ['name'], properties: { name: text } },
            total: { type: 'number' },
          },
        },
      },
    },
  })
})

it.each([
  [
    'aws.ec2',
    'EC2 Instance State-change Notification',
    'aws.ec2@EC2InstanceStateChangeNotification',
  ],
  ['aws.acm', 'ACM Certificate Expired', 'aws.acm@ACMCertificateExpired'],
  ['aws.partner/shop/1', 'order.placed', 'aws.partner-shop-1@orderPlaced'],
  ['shop', '注文', 'shop@xe6b3a8e69687'],
])('names the schema of events of %s, %s as AWS does', (source, detailType, expected) => {
  expect(schemaNameOf({ source, detailType })).toBe(expected)
})
