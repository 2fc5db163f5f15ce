import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * Which part may import which, in the order of an event's way. A part is a folder below src/, or
 * a file there; a stage of the pipeline is a part of its own. A new edge is a line here with its
 * reason.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  errors: [],
  ports: ['model', 'errors'],
  'pipeline/1-accept': ['model', 'ports', 'errors'],
  'pipeline/2-record': ['model', 'ports', 'errors'],
  'pipeline/3-enrich': ['model', 'ports', 'errors'],
  'pipeline/4-route': ['model', 'ports', 'errors'],
  'pipeline/5-deliver': ['model', 'ports', 'errors'],
  // When something is due, and the stage that sees to it then.
  schedules: ['model', 'ports', 'errors'],
  // What is configured on buses, and the rules as routing asks for them; some have schedules.
  buses: ['model', 'ports', 'errors', 'schedules'],
  // Schedules of their own, beside those of rules.
  scheduler: ['model', 'ports', 'errors', 'schedules'],
  tenancy: ['model', 'ports', 'errors'],
  // Partitions of costs and resources: their edits are actions of the tenancy, and accounts have
  // tags.
  views: [
    ...['model', 'ports', 'errors', 'tenancy/actions', 'tenancy/documents', 'tenancy/numbers'],
    ...['tenancy/organisations', 'tenancy/named-documents'],
  ],
  // Budgets and spike detectors, whose scopes are segments of views; what they find is told by
  // actions of the tenancy.
  'cost-checks': [
    ...['model', 'ports', 'errors', 'views', 'tenancy/actions', 'tenancy/documents'],
    ...['tenancy/numbers', 'tenancy/organisations', 'tenancy/named-documents'],
  ],
  // Connections and API destinations; credentials are sealed as the tenancy's secrets are, and
  // lists are paged as those of buses are.
  connections: ['model', 'ports', 'errors', 'buses', 'tenancy/vault'],
  // What the stages tell, as records in the logs of those buses that have one.
  'bus-logs': ['model', 'ports', 'buses'],
  // A reader of the log beside the pipeline, and the look-up by id that it makes possible.
  'event-index': ['model', 'ports'],
  // Events and deliveries of the past: what is kept, found and told of them.
  history: ['model', 'ports', 'errors'],
  // Who was behind an event: asks the directory, changes nothing.
  actors: ['model', 'ports'],
  // Readers of the log beside the pipeline; an archive keeps a managed rule on its bus.
  archives: ['model', 'ports', 'errors', 'buses'],
  // Wiring is buses and managed rules.
  assurance: ['model', 'ports', 'errors', 'buses'],
  // Discovery reads the log beside the pipeline; a discoverer is a managed rule on a bus.
  schemas: ['model', 'ports', 'errors', 'buses'],
  // Ways to reach people, and who is told what: stored, sealed, told of and paged as the tenancy's.
  // A notification is a managed rule; its quiet hours are in time zones, as schedules are; and its
  // views must stay.
  notifications: [
    ...['model', 'ports', 'errors', 'tenancy', 'buses', 'schedules/time-zone'],
    'views/view-documents',
  ],
  // Reads the log beside the pipeline and tells what it finds as actions of the tenancy are told.
  compliance: ['model', 'ports', 'errors', 'tenancy'],
  // Costs belong to organisations, which a caller reaches or not; changing sources of them is an event.
  costs: [
    ...['model', 'ports', 'errors'],
    ...['tenancy/actions', 'tenancy/documents', 'tenancy/organisations'],
  ],
  'adapters/sqlite': ['model', 'ports', 'errors'],
  'adapters/outbound': ['model', 'ports', 'errors'],
  'adapters/folder': ['ports'],
  'adapters/aws': ['model', 'ports'],
  'adapters/smtp': ['ports'],
  // A reader of the log like the stages, but off the events' way: nothing waits for it.
  trail: ['model', 'ports', 'errors'],
  'adapters/oidc': ['model', 'ports', 'errors'],
  observe: ['model', 'ports', 'errors'],
  api: [
    ...['model', 'ports', 'errors', 'buses', 'tenancy', 'trail', 'pipeline/1-accept'],
    // What the Scheduler's calls are about, and what an expression is.
    ...['scheduler', 'schedules'],
    // What costs are parted by and held against.
    ...['views', 'cost-checks'],
    // Events by their id, who was behind them, what became of them; archives and replays;
    // schemas; connections.
    ...['event-index', 'actors', 'history', 'archives', 'schemas', 'connections', 'costs'],
    // What checks found, and who is told of it.
    ...['compliance', 'notifications'],
  ],
  // What an operator can set; the trail knows its formats.
  config: ['model', 'trail/settings'],
  cli: [
    ...['model', 'ports/clock', 'ports/each-of', 'ports/ids', 'version'],
    // Rules are tested without a hub.
    'compliance/rules/test-bundle',
  ],
  version: [],
}
/** The composition root puts everything together: it alone chooses adapters, by the configuration. */
const COMPOSITION = new Set(['hub', 'main'])

/** One folder or file imports each of these, so that replacing one is a change in one place. */
const ONLY_IMPORTER: Readonly<Record<string, RegExp>> = {
  'node:sqlite': /^adapters\/sqlite\//,
  // What would keep the main thread from answering: writes, and reading bills.
  'node:worker_threads': /^(adapters\/sqlite|costs)\//,
  undici: /^adapters\/outbound\//,
  fastify: /^api\//,
  '@fastify/ajv-compiler': /^api\/lazy-compilers\.ts$/,
  '@fastify/fast-json-stringify-compiler': /^api\/lazy-compilers\.ts$/,
  '@fastify/swagger': /^api\/rest\/rest-api\.ts$/,
  pino: /^observe\//,
  'prom-client': /^observe\//,
  commander: /^cli\//,
  'cli-progress': /^cli\//,
  ...Object.fromEntries(
    [
      ...['cloudwatch-logs', 'eventbridge', 'firehose', 'kinesis', 'lambda', 'organizations'],
      ...['s3', 'sfn', 'sns', 'sqs', 'sts'],
    ].map((name) => [`@aws-sdk/client-${name}`, /^adapters\/aws\//]),
  ),
  'hyparquet-writer': /^trail\//,
  hyparquet: /^costs\//,
  yauzl: /^costs\//,
  '@marcbachmann/cel-js': /^compliance\/rules\/expression\.ts$/,
  yaml: /^(cli|compliance\/rules)\//,
  'openid-client': /^adapters\/oidc\//,
  otpauth: /^tenancy\//,
  uqr: /^cli\//,
  nodemailer: /^adapters\/smtp\//,
  // Connections out go through the outbound seam alone; the command line listens for a browser.
  'node:http': /^(api\/(signature\/|server\.ts$)|adapters\/outbound\/|cli\/loopback\.ts$)/,
  'node:https': /^$/,
  // The configuration asks it what an address is, and the port of the seam names the type of a socket.
  'node:net':
    /^(adapters\/outbound\/|ports\/outbound\.ts$|hub\/hub\.ts$|config\/config-values\.ts$|cli\/loopback\.ts$)/,
  // The certificate authorities that Node knows, beside the operator's.
  'node:tls': /^adapters\/(outbound|smtp)\//,
  'node:http2': /^$/,
  'node:dgram': /^$/,
}

/**
 * What sends requests, and by which a URL that somebody else wrote may come. Each is driven with
 * the hostile URLs of test/journeys/outbound: a new one is a line here and a place there.
 */
const SENDS_REQUESTS: readonly string[] = [
  // The rest of the hub's use of AWS sends by it: targets, dead letters, roles, the trail.
  'adapters/aws/outbound-request-handler.ts',
  'adapters/oidc/outbound-fetch.ts',
  'connections/oauth-tokens.ts',
  // Channels of all kinds but e-mail, whose server is the operator's.
  'notifications/channels/posting.ts',
  'pipeline/5-deliver/targets/api-destination.ts',
  // Rules, schedules, and replays of archives alike.
  'pipeline/5-deliver/targets/http-endpoint.ts',
]

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const files = globSync('**/*.ts', { cwd: SRC }).filter(
  (file) => !/\.(test|fixture)\.ts$/.test(file),
)

describe('commands', () => {
  it('repeat none of the options that every command has', () => {
    const repeating = files.filter(
      (file) =>
        file.startsWith('cli/') &&
        file !== 'cli/belfry.ts' &&
        /ption\(\s*'--(url|data|profile|json)\b/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    expect(repeating).toEqual([])
  })
})

describe('imports', () => {
  it.each(files)('%s imports only what its part may', (file) => {
    const part = partOf(file)
    if (COMPOSITION.has(part)) return
    const allowed = MAY_IMPORT[part]
    expect(allowed, `"${part}" has no line in MAY_IMPORT`).toBeDefined()
    for (const imported of ownImports(file)) {
      const to = partOf(imported)
      const reached = [part, ...(allowed ?? [])]
      const allowedFile = reached.includes(imported.replace(/\.ts$/, ''))
      expect(reached.includes(to) || allowedFile, `${file} imports ${imported}`).toBe(true)
    }
  })

  it.each(files)('%s reaches outside packages only where they are used', (file) => {
    for (const name of packageImports(file)) {
      const allowed = ONLY_IMPORTER[name]
      if (allowed !== undefined) expect(file, `imports "${name}"`).toMatch(allowed)
    }
  })

  // A hub that sends nothing to AWS should neither start slower for it nor need the memory.
  it.each(['adapters/aws/assumed-role.ts', 'adapters/aws/service-clients.ts'])(
    '%s loads the packages of AWS when they are needed',
    (file) => {
      expect(sourceOf(file)).toMatch(/await import\('@aws-sdk\//)
      expect(sourceOf(file)).not.toMatch(/^import (?!type ).*'@aws-sdk\//m)
    },
  )

  it.each(files.filter((file) => !file.startsWith('cli/')))(
    '%s makes no connection of its own',
    (file) => {
      expect(sourceOf(file)).not.toMatch(/(?<![.\w#])fetch\(|new WebSocket\(|new EventSource\(/)
    },
  )
})

it('whatever sends requests is among what is driven with hostile URLs', () => {
  const sending = files.filter((file) => /\boutbound\.request\(/.test(sourceOf(file)))
  expect(sending.toSorted()).toEqual(SENDS_REQUESTS)
})

function partOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (first === 'pipeline' || first === 'adapters') return `${first}/${second}`
  return first.replace(/\.ts$/, '')
}

function sourceOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
}

function importsOf(file: string): readonly string[] {
  const source = sourceOf(file)
  return Array.from(
    source.matchAll(/(?:from |import |import\()'([^']+)'/g),
    ([, name]) => name as string,
  )
}

/** Paths below src/ of what a file imports of ours. */
function ownImports(file: string): readonly string[] {
  return importsOf(file)
    .flatMap((name) => {
      if (name.startsWith('#src/')) return [name.slice('#src/'.length)]
      if (name.startsWith('.')) return [relative(SRC, join(SRC, dirname(file), name))]
      return []
    })
    .filter((path) => !path.startsWith('..'))
}

function packageImports(file: string): readonly string[] {
  return importsOf(file).filter((name) => !name.startsWith('.') && !name.startsWith('#'))
}
