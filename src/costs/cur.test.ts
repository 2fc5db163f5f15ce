import { describe, expect, it } from 'vitest'

import { formatMoney } from '#src/model/money.ts'
import { createTagReader } from './cost-tags.ts'
import { curMapping } from './cur.ts'
import { createInstantReader } from './instants.ts'
import type { Cell } from './charge.ts'

type Item = Readonly<Record<string, Cell>>

const ITEM: Item = {
  bill_payer_account_id: '111',
  bill_billing_period_start_date: '2026-01-01T00:00:00.000Z',
  line_item_usage_account_id: '222',
  line_item_usage_start_date: '2026-01-05T01:00:00.000Z',
  line_item_line_item_type: 'Usage',
  line_item_product_code: 'AmazonEC2',
  line_item_currency_code: 'USD',
  line_item_unblended_cost: '10',
  line_item_usage_type: 'BoxUsage:m5.large',
  line_item_availability_zone: 'eu-west-1a',
  savings_plan_savings_plan_effective_cost: '6',
  savings_plan_total_commitment_to_date: '24',
  savings_plan_used_commitment: '20.5',
  reservation_effective_cost: '4',
  reservation_unused_amortized_upfront_fee_for_billing_period: '1',
  reservation_unused_recurring_fee: '0.25',
  reservation_reservation_a_r_n: '',
}

function chargeOf(given: Item, nameOf: (name: string) => string = (name) => name) {
  const item = { ...ITEM, ...given }
  const names = Object.keys(item)
  const tags = createTagReader()
  const readers = { instant: createInstantReader(), tags, costCategories: tags }
  const { wanted, chargeOf: read } = curMapping(names.map(nameOf), readers)
  return read(wanted.map((at) => item[names[at] as string]))
}

describe('a line item of an AWS report', () => {
  it.each([
    ['Usage', '10', 'Usage', 'Usage-Based'],
    ['DiscountedUsage', '4', 'Usage', 'Usage-Based'],
    ['SavingsPlanCoveredUsage', '6', 'Usage', 'Usage-Based'],
    ['SavingsPlanNegation', '0', 'Usage', 'Usage-Based'],
    ['SavingsPlanUpfrontFee', '0', 'Purchase', 'One-Time'],
    ['SavingsPlanRecurringFee', '3.5', 'Purchase', 'Recurring'],
    ['RIFee', '1.25', 'Purchase', 'Recurring'],
    ['Fee', '10', 'Purchase', 'One-Time'],
    ['Tax', '10', 'Tax', ''],
    ['Credit', '10', 'Credit', 'One-Time'],
    ['Refund', '10', 'Adjustment', 'One-Time'],
    ['EdpDiscount', '10', 'Usage', 'Usage-Based'],
    ['RiVolumeDiscount', '10', 'Usage', 'Usage-Based'],
    ['SppDiscount', '10', 'Usage', 'Usage-Based'],
    ['FlatRateSubscription', '10', 'Purchase', 'Recurring'],
  ])('of type %s has an effective cost of %s', (type, effective, category, frequency) => {
    const charge = chargeOf({ line_item_line_item_type: type })
    expect(formatMoney(charge.billedCost)).toBe('10')
    expect(formatMoney(charge.effectiveCost)).toBe(effective)
    expect(charge).toMatchObject({ chargeCategory: category, chargeFrequency: frequency })
  })

  it('that is for a month at once comes again each month, and is no use that goes on by the day', () => {
    const until = (line_item_usage_end_date: Cell, type = 'Usage') =>
      chargeOf({ line_item_usage_end_date, line_item_line_item_type: type }).chargeFrequency
    expect(until('2026-02-01T00:00:00.000Z')).toBe('Recurring')
    expect(until('2026-02-01T00:00:00.000Z', 'Credit')).toBe('One-Time')
    for (const end of ['2026-01-05T02:00:00.000Z', '2026-01-12T01:00:00.000Z', '', undefined]) {
      expect(until(end)).toBe('Usage-Based')
    }
  })

  it('that buys a reservation costs nothing in effect, as what it covers does', () => {
    const given = {
      line_item_line_item_type: 'Fee',
      reservation_reservation_a_r_n: 'arn:aws:ec2:r',
    }
    expect(chargeOf(given).effectiveCost).toBe(0n)
  })

  it('of a type that is not known counts as it is invoiced, which people are told', () => {
    expect(chargeOf({ line_item_line_item_type: 'Gift' })).toMatchObject({
      ...{ chargeCategory: 'Adjustment', chargeFrequency: '' },
      ...{ billedCost: 10n ** 13n, effectiveCost: 10n ** 13n },
      oddity: 'the line item type "Gift" is not known: counted as an adjustment',
    })
    expect(chargeOf({ line_item_line_item_type: 'Credit' }).oddity).toBeUndefined()
  })

  it('is of the region of its product, else of its zone, and of the service by its name', () => {
    expect(chargeOf({})).toMatchObject({ region: 'eu-west-1', service: 'AmazonEC2' })
    const product = { product_name: 'Amazon Elastic Compute Cloud' }
    expect(chargeOf({ product, product_region_code: 'us-east-1' })).toMatchObject({
      region: 'us-east-1',
      service: 'Amazon Elastic Compute Cloud',
    })
    expect(chargeOf({ product: JSON.stringify(product) }).service).toBe(product.product_name)
    for (const none of ['', 'NULL', '{', '[]', '{"product_name":1}']) {
      expect(chargeOf({ product: none }).service).toBe('AmazonEC2')
    }
  })

  it('has the tags of its resource, whichever report it stands in', () => {
    const tags = '{"aws:createdBy":"me","team":"a"}'
    const map = { user_team: 'a', aws_createdBy: 'me', user_empty: '' }
    expect(chargeOf({ resource_tags: map }).tags).toBe(tags)
    expect(chargeOf({ resource_tags: JSON.stringify(map) }).tags).toBe(tags)
    expect(chargeOf({ resource_tags_user_team: 'a' }).tags).toBe('{"team":"a"}')
    const legacy = { 'resourceTags/user:team': 'a', 'resourceTags/aws:createdBy': 'me' }
    expect(chargeOf(legacy).tags).toBe(tags)
  })

  it('has cost categories and tags of its account as tags, whichever report it stands in', () => {
    const tags = '{"aws:tags:CostCategory/Team":"a","department":"b"}'
    const maps = {
      cost_category: { Team: 'a', Empty: '' },
      resource_tags: { user_department: 'b' },
    }
    expect(chargeOf(maps).tags).toBe(tags)
    expect(chargeOf({ ...maps, cost_category: JSON.stringify(maps.cost_category) }).tags).toBe(tags)
    const all = { 'resourceTags/department': 'b', 'costCategory/Team': 'a' }
    expect(chargeOf({ tags: all }).tags).toBe(tags)
    expect(chargeOf({ ...maps, tags: JSON.stringify(all) }).tags).toBe(tags)
    expect(chargeOf({ 'costCategory/Team': 'a', 'resourceTags/user:department': 'b' }).tags).toBe(
      tags,
    )
    expect(chargeOf({ cost_category_team: 'a' }).tags).toBe('{"aws:tags:CostCategory/team":"a"}')
    const others = { 'accountTag/department': 'c', 'userAttribute/Department': 'd' }
    expect(chargeOf({ tags: { ...others, 'resourceTags/aws:createdBy': 'me' } }).tags).toBe(
      '{"accountTag/department":"c","aws:createdBy":"me","userAttribute/Department":"d"}',
    )
    expect(() => chargeOf({ cost_category: '[1]' })).toThrow('cost_category is no JSON object')
  })

  it('stands under the names of legacy CSV reports too', () => {
    const camel = (name: string) => {
      const [, group = '', rest = ''] =
        /^(bill|line_item|savings_plan|reservation)_(.+)$/.exec(name) ?? []
      const upper = (text: string) =>
        text.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
      return `${group.replace(/_(.)/, (_, letter: string) => letter.toUpperCase())}/${upper(rest)}`
    }
    expect(camel('savings_plan_savings_plan_effective_cost')).toBe(
      'savingsPlan/SavingsPlanEffectiveCost',
    )
    const given = { line_item_line_item_type: 'SavingsPlanCoveredUsage' }
    expect(chargeOf(given, camel)).toEqual(chargeOf(given))
  })
})
