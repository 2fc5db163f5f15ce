import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

import { COST_FORMATS as COST_FORMATS_KNOWN, benchCost } from './cost/cost.ts'
import { benchDelivery } from './delivery.ts'
import { benchEmit } from './emit.ts'
import { benchForecast } from './forecast.ts'
import { PATTERN_PARTS, benchPattern } from './pattern/pattern.ts'
import { benchPutEvents } from './put-events.ts'
import { benchPutToTarget } from './put-to-target.ts'
import { benchSignIn } from './sign-in.ts'
import { benchSpikes } from './spikes.ts'
import { benchStartUp } from './start-up.ts'

/**
 * `npm run bench` runs all; `npm run bench -- start-up` runs one. `pattern` takes parts and a seed:
 * `npm run bench -- pattern EXACT scaling --seed 7`. `ROUNDS=5` measures longer.
 */
const NAMES = [
  'put-events',
  'put-to-target',
  'start-up',
  'pattern',
  'emit',
  'sign-in',
  'delivery',
  'cost',
  'spikes',
  'forecast',
]
/** Ten million take some minutes to make, and 11 GB of disk: `PAST_EVENTS=10000000`. */
const PAST_EVENTS = Number(process.env['PAST_EVENTS'] ?? 1_000_000)
/** Ten million take minutes to write and to read: `COST_ROWS=10000000`; `COST_FORMAT=parquet` has one. */
const COST_ROWS = Number(process.env['COST_ROWS'] ?? 1_000_000)
const COST_FORMATS = COST_FORMATS_KNOWN.filter(
  (format) => format === (process.env['COST_FORMAT'] ?? format),
)
const DEFAULT_SEED = '20260105'

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: DEFAULT_SEED } },
})
const parts = wanted.includes('pattern')
  ? wanted.filter((name) => PATTERN_PARTS.includes(name))
  : []
const unknown = wanted.filter((name) => !NAMES.includes(name) && !parts.includes(name))
if (unknown.length > 0) {
  console.error(
    `no benchmark "${unknown.join('", "')}": there are ${NAMES.join(', ')}; pattern takes ${PATTERN_PARTS.join(', ')}`,
  )
  process.exit(2)
}
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)

console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model})`)

let eventsPerSecond: number | undefined
if (isWanted('put-events') || isWanted('put-to-target')) {
  console.log('\n1. PutEvents over HTTP: signed, ten 1 KB entries a request, answered when durable')
  const figure = await benchPutEvents()
  eventsPerSecond = figure.eventsPerSecond
  console.log(
    `   ${Math.round(eventsPerSecond)} events/s; ratio to a bare Node server that only reads the same bodies: ${figure.ratioToBareServer.toFixed(2)} (aim: 0.30)`,
  )
}
if (isWanted('put-to-target') && eventsPerSecond !== undefined) {
  console.log('\n2. Put-to-target latency at half that load, to a local HTTP target')
  const { loadEventsPerSecond, deliveries, msP50, msP99 } = await benchPutToTarget(
    eventsPerSecond / 2,
  )
  console.log(
    `   at ${Math.round(loadEventsPerSecond)} events/s, ${deliveries} deliveries: p50 ${msP50} ms (aim: 10), p99 ${msP99} ms (aim: 50)`,
  )
}
if (isWanted('start-up')) {
  console.log('\n3. Start-up and idle memory')
  for (const { what, readyMs, idleMegabytes } of await benchStartUp()) {
    console.log(
      `   ${what}: ready after ${Math.round(readyMs)} ms, ${Math.round(idleMegabytes)} MB`,
    )
  }
}
if (isWanted('pattern')) {
  console.log('\n4. Event patterns: events/s, and times the speed of JSON.parse alone')
  await benchPattern(parts, Number(values.seed))
}
if (isWanted('emit')) {
  console.log('\n5. Tenancy events of a portal, from POST to the partner event bus, with names')
  const { eventsPerSecond: emitted, loadEventsPerSecond, enrichment, published } = await benchEmit()
  console.log(
    `   ${Math.round(emitted)} events/s; at ${Math.round(loadEventsPerSecond)} events/s enrichment takes p50 ${enrichment.msP50} ms, p99 ${enrichment.msP99} ms, from acceptance p50 ${published.msP50} ms, p99 ${published.msP99} ms`,
  )
}
if (isWanted('sign-in')) {
  console.log('\n6. Sign-in with a password')
  const { signInsPerSecond, ratioToBareScrypt } = await benchSignIn()
  console.log(
    `   ${signInsPerSecond.toFixed(1)} sign-ins/s; ratio to a bare loop over scrypt: ${ratioToBareScrypt.toFixed(2)}`,
  )
}
if (isWanted('delivery')) {
  console.log('\n7. From PutEvents to 300 HTTP targets, one for each of 300 rules')
  const figures = await benchDelivery(PAST_EVENTS)
  for (const { what, sustainedPerSecond, latencies } of figures) {
    console.log(`   ${what}: ${Math.round(sustainedPerSecond)} events/s sustained (aim: 2,000)`)
    for (const [at, { loadPerSecond, window, all }] of latencies.entries()) {
      const ratio = window.msP99 / (figures[0]?.latencies[at]?.window.msP99 ?? window.msP99)
      console.log(
        `     at ${Math.round(loadPerSecond)} events/s p50 ${window.msP50.toFixed(1)} ms, p99 ${window.msP99.toFixed(1)} ms in the median window, ${all.msP99.toFixed(1)} ms of all (aim: 50 at 1,000 events/s); window times that of the first ${ratio.toFixed(2)} (aim: 1.10)`,
      )
    }
  }
}
if (isWanted('cost')) {
  console.log('\n8. Bills of 24 months in FOCUS, imported while the hub takes 500 events/s')
  for (const figure of await benchCost(COST_ROWS, COST_FORMATS)) {
    const { what, rows, megabytes, rowsPerSecond, peakMegabytes, putEventsMsP99 } = figure
    const { requests, failedRequests } = figure
    console.log(
      `   ${what}, ${rows} rows, ${Math.round(megabytes)} MB: ${Math.round(rowsPerSecond)} rows/s, peak ${Math.round(peakMegabytes)} MB (aim: 512), PutEvents p99 ${Math.round(putEventsMsP99)} ms, ${failedRequests} of ${requests} requests failed (aim: 0)`,
    )
  }
}
if (isWanted('spikes')) {
  console.log('\n9. Cost spikes: false alerts in 100 days, and how many one-day spikes are found')
  for (const { pattern, method, falsePer100Days, found } of benchSpikes()) {
    const [mean, low, high] = [falsePer100Days.mean, falsePer100Days.low, falsePer100Days.high].map(
      (one) => one.toFixed(2),
    )
    const recall = found.map(({ factor, share }) => `x${factor} ${share.toFixed(2)}`).join(', ')
    console.log(
      `   ${pattern}, ${method}: ${mean} false (95 %: ${low} to ${high}); found ${recall}`,
    )
  }
}
if (isWanted('forecast')) {
  console.log(
    '\n10. Forecasts of costs: periods within the interval of 80 % (aim for months: 75 to 85 %), mean width and error',
  )
  for (const { pattern, from, covered, meanWidth, meanError } of benchForecast()) {
    console.log(
      `   ${pattern}, ${from}: ${percent(covered)} within, width ${percent(meanWidth)}, error ${percent(meanError)}`,
    )
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
