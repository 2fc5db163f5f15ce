import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { SAMPLE_ACCOUNTS, SAMPLE_ORGANISATION } from '#src/cli/sample-organisation.data.ts'
import { playableEvent, readPrintedEvents } from '#src/cli/sample-events.ts'
import { AWS_RULES } from './aws-rules.data.ts'
import type { Team } from './aws-rules.data.ts'
import { createCell, measureGroups } from './measure.ts'
import { printTable, whole } from './table.ts'

const { regions } = SAMPLE_ORGANISATION
const NOW = Date.UTC(2026, 0, 5)
const TEAMS: readonly Team[] = ['payments', 'my', 'shop', 'data', 'platform'].map(
  (name, index) => ({
    name,
    account: SAMPLE_ACCOUNTS[index + 1]?.awsAccountId ?? '',
    region: regions[index % regions.length] ?? '',
  }),
)

/** The events that `belfry sample` plays, in each account, against 300 rules of five teams. */
export async function benchAwsSamples(): Promise<void> {
  const texts = await sampleTexts()
  const bytes = texts.map((text) => new TextEncoder().encode(text))
  const rules = new RuleSet<string>()
  for (const team of TEAMS) {
    for (const [index, patternFor] of AWS_RULES.entries()) {
      rules.add(`${team.name} ${index}`, EventPattern.parse(JSON.stringify(patternFor(team))))
    }
  }
  const matches = bytes.map((event) => rules.match(event))
  const meanBytes = bytes.reduce((sum, { length }) => sum + length, 0) / bytes.length
  const matched = matches.filter((keys) => keys.length > 0).length
  const used = new Set(matches.flat()).size
  console.log(
    `   ${whole(texts.length)} events of ${whole(meanBytes)} bytes, ${TEAMS.length * AWS_RULES.length} rules: ${Math.round((100 * matched) / texts.length)} % of events match, ${(matches.flat().length / texts.length).toFixed(2)} rules an event; ${used} rules match at all`,
  )

  const ways = [
    ['bytes, careful', createCell(bytes, (event) => rules.match(event))],
    ['bytes, trusted', createCell(bytes, (event) => rules.match(event, { trusted: true }))],
    ['strings, careful', createCell(texts, (event) => rules.match(event))],
    ['strings, trusted', createCell(texts, (event) => rules.match(event, { trusted: true }))],
  ] as const
  const yardstick = createCell(texts, (text) => JSON.parse(text))
  const [measured] = measureGroups([{ yardstick, cells: ways.map(([, cell]) => cell) }])
  const parse = measured?.yardstick ?? 1
  const rows = ways.map(([name], index) => {
    const rate = measured?.cells[index] ?? 0
    return [name, whole(rate), (rate / parse).toFixed(2)]
  })
  rows.unshift(['JSON.parse', whole(parse), '1.00'])
  printTable(['', 'events/s', 'ratio'], rows)
}

async function sampleTexts(): Promise<readonly string[]> {
  const printed = await readPrintedEvents()
  return SAMPLE_ACCOUNTS.flatMap(({ awsAccountId }, account) =>
    printed.map((event, index) => {
      const number = String(account * printed.length + index).padStart(12, '0')
      const id = `6f2b9c1e-3d1e-4b7c-9a55-${number}`
      const stage = { accounts: [awsAccountId], regions }
      return JSON.stringify(playableEvent(event, stage, { id, now: NOW }))
    }),
  )
}
