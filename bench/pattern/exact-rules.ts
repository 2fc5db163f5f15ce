import { EventPattern } from '@belfry/event-pattern'

import { between } from './random.ts'
import type { Random } from './random.ts'

/** The three fields that rules ask for. */
export interface Fields {
  readonly source: string
  readonly detailType: string
  readonly instanceId: string
}

/** A way to make rule after rule, each with other fields. */
export interface RuleKind {
  readonly name: string
  /** The fields of rule `index` of at least `count`. */
  readonly fields: (index: number, count: number) => Fields
}

/** Every field has the cube root of `count` values: none of them alone selects few rules. */
export const PRODUCT: RuleKind = {
  name: 'product of three fields',
  fields: (index, count) => {
    const values = Math.ceil(Math.cbrt(count) - 1e-9)
    return {
      source: `custom.service-${index % values}`,
      detailType: `State Change ${Math.floor(index / values) % values}`,
      instanceId: `i-0abcdef${Math.floor(index / values ** 2)}`,
    }
  },
}

/** One field tells the rules apart; the other two are the same in all. */
export const UNIQUE: RuleKind = {
  name: 'one unique, two common',
  fields: (index) => ({
    source: 'aws.ec2',
    detailType: 'EC2 Instance State-change Notification',
    instanceId: `i-0abcdef${index}`,
  }),
}

export function patternText({ source, detailType, instanceId }: Fields): string {
  return JSON.stringify({
    source: [source],
    'detail-type': [detailType],
    detail: { 'instance-id': [instanceId] },
  })
}

export function patternOf(fields: Fields): EventPattern {
  return EventPattern.parse(patternText(fields))
}

/** An event as EC2 sends it, with those fields. */
export function eventBytes(random: Random, fields: Fields): Uint8Array {
  const instance = fields.instanceId
  const region = 'ap-southeast-2'
  const account = String(between(random, 100_000_000_000, 999_999_999_999))
  const id = `6f2b${between(random, 1_000, 10_000)}-3d1e-4b7c-9a55-${account}`
  const event = {
    version: '0',
    id,
    'detail-type': fields.detailType,
    source: fields.source,
    account,
    time: '2026-01-05T18:21:27Z',
    region,
    resources: [`arn:aws:ec2:${region}:${account}:instance/${instance}`],
    detail: { 'instance-id': instance, state: random() < 0.5 ? 'running' : 'stopped' },
  }
  return new TextEncoder().encode(JSON.stringify(event))
}
