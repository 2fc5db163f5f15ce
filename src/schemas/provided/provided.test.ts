import { readFileSync } from 'node:fs'

import { Compile } from 'typebox/schema'
import { describe, expect, it } from 'vitest'

import { CATALOGUE, exampleOf } from '#src/model/catalogue/catalogue.ts'
import { draft4Of } from '../export-draft-4.ts'
import { CONTENT_MAX } from '../learn.ts'
import { checkContent } from '../schema-document.ts'
import type { OpenApiDocument } from '../schema-document.ts'
import type { ProvidedSchema } from '../provided-registries.ts'
import { AWS_EVENTS } from './aws-events.ts'
import { tenancyEvents } from './tenancy-events.ts'

const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }
const TENANCY_EVENTS = tenancyEvents(NAMESPACE)

const validatorOf = ({ content }: ProvidedSchema) =>
  Compile(draft4Of(JSON.parse(content) as OpenApiDocument) as object)

describe.each([AWS_EVENTS, TENANCY_EVENTS])('the registry $name', ({ schemas }) => {
  it('has schemas that could be put into any registry, in the order of their names', () => {
    const all = [...schemas().entries()]
    expect(all.length).toBeGreaterThan(50)
    for (const [name, schema] of all) {
      expect(name).toMatch(/^[.\-_A-Za-z0-9@]{1,385}$/)
      expect(schema.content.length).toBeLessThanOrEqual(CONTENT_MAX)
      expect(schema.description.length).toBeLessThanOrEqual(256)
      checkContent('OpenApi3', schema.content)
      checkContent('JSONSchemaDraft4', JSON.stringify(draft4Of(JSON.parse(schema.content))))
    }
    const names = all.map(([name]) => name)
    expect(names).toEqual(names.toSorted())
  })
})

it('the schemas of aws.events admit the details of AWS’s sample events', () => {
  const sampleFile = new URL('../../../samples/aws-events.ndjson', import.meta.url)
  const samples = readFileSync(sampleFile, 'utf8').trimEnd().split('\n')
  const schemas = [...AWS_EVENTS.schemas().values()].map((schema) => {
    const { components } = JSON.parse(schema.content) as OpenApiDocument
    const event = components?.schemas?.['AWSEvent'] ?? {}
    const kind = [event['x-amazon-events-source'], event['x-amazon-events-detail-type']].join(': ')
    return [kind, validatorOf(schema)] as const
  })
  const byKind = new Map(schemas)
  const without = new Set<string>()
  const envelope = { version: '0', id: 'i', time: '2026-01-31T08:15:00Z', resources: [] }
  const place = { account: '111122223333', region: 'eu-west-1' }
  for (const line of samples) {
    const { event } = JSON.parse(line)
    const { source, 'detail-type': detailType, detail } = event
    const kind = `${source}: ${detailType}`
    const schema = byKind.get(kind)
    if (schema === undefined) without.add(kind)
    const whole = { ...envelope, ...place, source, 'detail-type': detailType, detail }
    expect([line, schema?.Check(whole) ?? true]).toEqual([line, true])
  }
  // Second spellings of kinds that the registry has.
  expect([...without].toSorted()).toEqual([
    'aws.codecommit: CodeCommit PullRequest State Change',
    'aws.sagemaker: SageMakerEndpointStateChange',
  ])
})

it('the schemas of the tenancy’s events admit their examples and refuse others', () => {
  const schemas = [...TENANCY_EVENTS.schemas().values()].map(validatorOf)
  for (const type of CATALOGUE) {
    const example = exampleOf(type, NAMESPACE)
    expect(schemas.filter((schema) => schema.Check(example))).toHaveLength(1)
  }
})
