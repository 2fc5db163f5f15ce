import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { cityLots } from './city-lots.ts'
import { FAMILIES } from './families.data.ts'
import type { Family } from './families.data.ts'
import { createCell, measureGroups, quantile } from './measure.ts'
import { LOTS } from './street-names.data.ts'
import { metOrNot, printTable, whole } from './table.ts'

const EVENTS = 20_000
/** For these it is checked that bytes and text, careful and trusted, get the same answer. */
const COMPARED_EVENTS = 1_000
/** A share of matches this far from the published one is told; rare ones may be off by chance. */
const SHARE_TOLERANCE = 0.25
const DEVIATIONS_MAX = 4

export const FAMILY_NAMES = FAMILIES.map(({ name }) => name)

/** Events a second. */
interface Rates {
  readonly parse: number
  readonly careful: number
  readonly trusted: number
  readonly carefulText: number
  readonly trustedText: number
}

/**
 * Lots of San Francisco against the rule sets of event-ruler's benchmark, five rules each, as
 * events a second and as times the speed of `JSON.parse` alone on the same events.
 */
export function benchFamilies(names: readonly string[], seed: number): void {
  const families = FAMILIES.filter(({ name }) => names.includes(name))
  const texts = cityLots(EVENTS, seed)
  const bytes = texts.map((text) => new TextEncoder().encode(text))
  const meanBytes = bytes.reduce((sum, { length }) => sum + length, 0) / EVENTS
  console.log(`   ${whole(EVENTS)} events of ${whole(meanBytes)} bytes, seed ${seed}`)
  checkMatches(families, bytes, texts)

  const groups = families.map((family) => {
    const rules = ruleSetOf([family])
    return {
      yardstick: createCell(texts, (text) => JSON.parse(text)),
      cells: [
        createCell(bytes, (event) => rules.match(event)),
        createCell(bytes, (event) => rules.match(event, { trusted: true })),
        createCell(texts, (event) => rules.match(event)),
        createCell(texts, (event) => rules.match(event, { trusted: true })),
      ],
    }
  })
  const rates = measureGroups(groups).map(({ yardstick, cells }): Rates => {
    const [careful = 0, trusted = 0, carefulText = 0, trustedText = 0] = cells
    return { parse: yardstick, careful, trusted, carefulText, trustedText }
  })
  const parses = rates.map(({ parse }) => parse)
  console.log(
    `   JSON.parse: ${whole(quantile(parses, 0.5))} events/s (${whole(Math.min(...parses))} to ${whole(Math.max(...parses))}); each ratio is to the one measured beside it`,
  )
  printBytes(families, rates)
  printText(families, rates)
}

function printBytes(families: readonly Family[], rates: readonly Rates[]): void {
  console.log('   events as bytes, events/s and times JSON.parse:')
  const heading = ['family', 'careful', 'ratio', 'aim', '', 'trusted', 'ratio', 'aim', '']
  const rows = families.map(({ name, aims }, index) => {
    const measured = rates[index] as Rates
    const cells = (['careful', 'trusted'] as const).flatMap((way) => {
      const ratio = measured[way] / measured.parse
      return [
        whole(measured[way]),
        ratio.toFixed(2),
        String(aims[way]),
        metOrNot(ratio >= aims[way]),
      ]
    })
    return [name, ...cells]
  })
  printTable(heading, rows)
  const met = rows.flat().filter((cell) => cell === metOrNot(true)).length
  console.log(`   ${met} of ${2 * rows.length} aims met`)
}

function printText(families: readonly Family[], rates: readonly Rates[]): void {
  console.log('   events as strings:')
  const rows = families.map(({ name }, index) => {
    const { parse, carefulText, trustedText } = rates[index] as Rates
    const cells = [carefulText, trustedText].flatMap((rate) => [
      whole(rate),
      (rate / parse).toFixed(2),
    ])
    return [name, ...cells]
  })
  printTable(['family', 'careful', 'ratio', 'trusted', 'ratio'], rows)
}

function ruleSetOf(families: readonly Family[]): RuleSet<string> {
  const rules = new RuleSet<string>()
  for (const { name, rules: ofFamily } of families) {
    for (const [index, { pattern }] of ofFamily.entries()) {
      rules.add(`${name} ${index + 1}`, EventPattern.parse(JSON.stringify(pattern)))
    }
  }
  return rules
}

/** Tells whether the rules match as often as published, so that the figures can be compared. */
function checkMatches(
  families: readonly Family[],
  bytes: readonly Uint8Array[],
  texts: readonly string[],
): void {
  const single = families.filter(({ name }) => !name.endsWith('COMBO'))
  const rules = ruleSetOf(single)
  const counts = new Map<string, number>()
  for (const [index, event] of bytes.entries()) {
    const keys = rules.match(event, { trusted: true })
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    if (index >= COMPARED_EVENTS) continue
    const text = texts[index] as string
    const others = [rules.match(event), rules.match(text), rules.match(text, { trusted: true })]
    for (const other of others) {
      if (other.toSorted().join() !== keys.toSorted().join()) {
        throw new Error(`event ${index} matches "${keys.join()}" or "${other.join()}"`)
      }
    }
  }
  const perSample = bytes.length / LOTS
  const off: string[] = []
  for (const { name, rules: ofFamily } of single) {
    for (const [index, { expected }] of ofFamily.entries()) {
      const key = `${name} ${index + 1}`
      const count = counts.get(key) ?? 0
      const wanted = expected * perSample
      const byChance = DEVIATIONS_MAX * Math.sqrt(wanted) + 1
      const most = Math.max(wanted * SHARE_TOLERANCE, byChance)
      if (Math.abs(count - wanted) > most) off.push(`${key} (${count} for ${wanted.toFixed(1)})`)
    }
  }
  const all = single.reduce((sum, { rules: { length } }) => sum + length, 0)
  const rest = off.length > 0 ? `; not ${off.join(', ')}` : ''
  if (all > 0) {
    console.log(
      `   ${all - off.length} of ${all} rules match about the published share of events${rest}`,
    )
  }
}
