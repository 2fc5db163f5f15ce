import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { RestError } from '#src/errors.ts'
import type { ImportReport } from '#src/model/compliance-bundle.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import { bounded } from './check-result.ts'
import type { CheckResult } from './check-result.ts'
import type { Counting } from './counting.ts'
import { at, instantOf, numberAt, textAt } from './observed/foreign.ts'
import { fromOcsfFinding, timeOf } from './observed/ocsf.ts'
import { fromAsffFinding } from './observed/security-hub.ts'
import { checkResource } from './own-checks.ts'
import type { OwnChecks } from './own-checks.ts'
import { resourceOf } from './rules/resource.ts'
import { takeIn } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'
import { createTurns } from './turns.ts'

export interface GivenImport {
  readonly organisationId?: string | undefined
  readonly document?: unknown
  /** The same as JSON text, gzipped, in base64. */
  readonly gzip?: string | undefined
}

/** Takes in what other tools wrote: a snapshot of AWS Config, or findings in OCSF or ASFF. */
export interface Imports {
  /** @throws RestError 400 where the whole is not what can be read: then nothing is stored */
  run(caller: Principal, given: GivenImport): Promise<ImportReport>
}

export interface ImportPorts extends TakeInPorts {
  readonly state: State
  readonly clock: Clock
  readonly ownChecks: OwnChecks
  readonly counting: Pick<Counting, 'counted'>
}

const UNPACKED_BYTES_MAX = 64 * 1_024 * 1_024
const ITEMS_MAX = 100_000
const SKIPPED_TOLD_MAX = 100
/** Rules times resources may be more results than there is memory for. */
const RESULTS_AT_ONCE_MAX = 5_000

const TAKEN = ['changed', 'unchanged', 'told', 'refused', 'closed'] as const

const unpack = promisify(gunzip)

export function createImports(ports: ImportPorts): Imports {
  return {
    run: async (caller, given) => {
      const asked = given.organisationId ?? caller.organisationId ?? ''
      const { id: organisationId } = await organisationOf(ports.state, caller, asked)
      const { format, items } = itemsOf(await documentOf(given))
      const isSnapshot = format === 'CONFIG_SNAPSHOT'
      const rules = isSnapshot ? await ports.ownChecks.rulesOf(organisationId) : []
      if (isSnapshot && rules.length === 0) throw noRules()
      await ports.counting.counted()
      const now = ports.clock.now()
      const turns = createTurns()
      const skipped: { index: number; reason: string }[] = []
      const taken = { changed: 0, unchanged: 0, told: 0, refused: 0, closed: 0 }
      let results: CheckResult[] = []
      const take = async () => {
        const more = await takeIn(ports, organisationId, results)
        for (const name of TAKEN) taken[name] += more[name]
        results = []
      }
      for (const [index, item] of items.entries()) {
        const read = isSnapshot ? await fromResource(item) : FINDINGS_IN[format](item, now)
        if (typeof read === 'string') skipped.push({ index, reason: read })
        else for (const result of read) results.push(result)
        if (results.length >= RESULTS_AT_ONCE_MAX) await take()
        await turns()
      }
      await take()
      return {
        format,
        read: items.length - skipped.length,
        skipped: skipped.slice(0, SKIPPED_TOLD_MAX),
        skippedCount: skipped.length,
        ...taken,
      }

      async function fromResource(item: unknown): Promise<readonly CheckResult[] | string> {
        const resource = resourceOf(item)
        return typeof resource === 'string'
          ? resource
          : checkResource(rules, resource, { now, turns })
      }
    },
  }
}

const FINDINGS_IN = { OCSF: fromOcsf, ASFF: fromAsff } as const

function fromOcsf(item: unknown, now: number): readonly CheckResult[] | string {
  if (numberAt(item, 'class_uid') === undefined) return 'it has no "class_uid"'
  if (!Number.isFinite(timeOf(item))) return 'it has no "time"'
  return namedOf(fromOcsfFinding({ account: '', region: '', sentAt: now, detail: item }, item))
}

function fromAsff(item: unknown, now: number): readonly CheckResult[] | string {
  if (textAt(item, 'ProductArn') === undefined) return 'it has no "ProductArn"'
  if (!Number.isFinite(instantOf(at(item, 'UpdatedAt')))) return 'it has no "UpdatedAt"'
  return namedOf(fromAsffFinding({ account: '', region: '', sentAt: now, detail: item }, item))
}

function namedOf(all: readonly CheckResult[]): readonly CheckResult[] | string {
  const results = all.map(bounded).filter((result) => result !== undefined)
  return results.length === 0
    ? 'it names no resource or no check, or is of no time between 1970 and 9999'
    : results
}

async function documentOf({ document, gzip }: GivenImport): Promise<unknown> {
  if ((document === undefined) === (gzip === undefined)) {
    throw new RestError(400, 'compliance-import.invalid', 'give either "document" or "gzip"')
  }
  if (gzip === undefined) return document
  try {
    const bytes = await unpack(Buffer.from(gzip, 'base64'), { maxOutputLength: UNPACKED_BYTES_MAX })
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    throw new RestError(
      400,
      'compliance-import.invalid',
      `what is imported must be JSON, such as a snapshot of AWS Config or what "prowler aws -M json-ocsf" writes (its file that ends in .ocsf.json), of ${UNPACKED_BYTES_MAX / 1024 ** 2} MB unpacked at most ("gzip" has it gzipped and in base64): ${(cause as Error).message}`,
    )
  }
}

function itemsOf(document: unknown): {
  readonly format: ImportReport['format']
  readonly items: readonly unknown[]
} {
  const resources = at(document, 'configurationItems')
  // As "aws securityhub get-findings" prints them.
  const findings = at(document, 'Findings') ?? document
  const items = Array.isArray(resources) ? resources : findings
  if (!Array.isArray(items)) {
    throw new RestError(
      400,
      'compliance-import.unknown-format',
      `it is neither a snapshot of AWS Config (an object with "configurationItems") nor a list of findings: in OCSF, as "prowler aws -M json-ocsf" writes it, or in ASFF, as "aws securityhub get-findings" prints it`,
    )
  }
  if (items.length > ITEMS_MAX) {
    throw new RestError(
      400,
      'compliance-import.too-many',
      `it holds ${items.length} items, at most ${ITEMS_MAX} are taken at once: send several`,
    )
  }
  if (Array.isArray(resources)) return { format: 'CONFIG_SNAPSHOT', items }
  const isAsff = items.some((item) => textAt(item, 'ProductArn') !== undefined)
  return { format: isAsff ? 'ASFF' : 'OCSF', items }
}

function noRules(): RestError {
  return new RestError(
    409,
    'compliance-import.no-rules',
    'no bundle of rules is enabled, so there is nothing to check resources by: enable one first',
  )
}
