import { gunzipSync, gzipSync } from 'node:zlib'

import type { Command } from 'commander'

import type { ImportReport } from '#src/model/compliance-bundle.ts'
import { action } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { ORGANISATION, contentOf } from './compliance-bundles.ts'
import type { OfOrganisation } from './compliance-bundles.ts'
import { styled } from './output.ts'
import { organisationBy } from './references.ts'
import { counted } from './terminal-text.ts'

/** What is sent at once is checked and stored within a minute, and is as much as the hub takes. */
const ITEMS_PER_PART_MAX = 1_000
const CHARACTERS_PER_PART_MAX = 8 * 1_024 * 1_024

export function addImport(compliance: Command): void {
  compliance
    .command('import')
    .description(
      'check a snapshot of AWS Config by the enabled rules, or take in what Prowler or Security Hub found',
    )
    .argument('<file>', 'JSON, gzipped or not')
    .option(...ORGANISATION)
    .addHelpText(
      'after',
      `
A file is a snapshot of AWS Config, as it is delivered to a bucket; findings in OCSF, as Prowler writes
them (its file that ends in .ocsf.json); or findings in ASFF, as "prowler aws -M json-asff" writes and
"aws securityhub get-findings" prints them. It is sent in parts, and the same file again changes nothing.

  belfry compliance import ConfigSnapshot.json.gz
  belfry compliance import prowler-output.ocsf.json`,
    )
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, file: string) => {
        const text = unpacked(await contentOf(file), file).toString('utf8')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const reports: ImportReport[] = []
        for (const part of partsOf(text, file)) {
          const gzip = gzipSync(part).toString('base64')
          const given = { organisationId, gzip }
          try {
            reports.push(await hub.post<ImportReport>('/compliance/imports', given))
          } catch (error) {
            if (reports.length === 0) throw error
            const { read, skippedCount } = sumOf(reports)
            throw new CommandFault(
              `${(error as Error).message} (the first ${read + skippedCount} items are taken in: import the file again to go on)`,
              { cause: error },
            )
          }
        }
        const report = sumOf(reports)
        await output.show(report, () => reportText(report))
      }),
    )
}

/** A document in parts; whole where it is none that has parts, so that the hub says what it is not. */
function partsOf(text: string, file: string): readonly string[] {
  const document = parsed(text, file)
  const name = ['configurationItems', 'Findings'].find((one) =>
    Array.isArray(member(document, one)),
  )
  const items: unknown = name === undefined ? document : member(document, name)
  if (!Array.isArray(items) || items.length <= 1) return [text]
  const parts: string[][] = [[]]
  let characters = 0
  for (const item of items) {
    const itemText = JSON.stringify(item)
    const part = parts.at(-1) ?? []
    if (
      part.length === ITEMS_PER_PART_MAX ||
      (part.length > 0 && characters + itemText.length > CHARACTERS_PER_PART_MAX)
    ) {
      parts.push([itemText])
      characters = 0
    } else part.push(itemText)
    characters += itemText.length
  }
  return parts
    .map((part) => `[${part.join()}]`)
    .map((list) => (name === undefined ? list : `{${JSON.stringify(name)}:${list}}`))
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new UsageFault(
      `"${file}" is not JSON: a file is a snapshot of AWS Config, or findings in OCSF or ASFF; of what Prowler writes take the file that ends in .ocsf.json (${(error as Error).message})`,
      { cause: error },
    )
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

const SKIPPED_SHOWN_MAX = 100

/** The reports of the parts as that of the whole. */
function sumOf(reports: readonly ImportReport[]): ImportReport {
  const [first, ...others] = reports
  if (first === undefined) throw new Error('a file has a part at least')
  return others.reduce((sum, report) => {
    const before = sum.read + sum.skippedCount
    const skipped = report.skipped.map((one) => ({ ...one, index: one.index + before }))
    return {
      ...sum,
      read: sum.read + report.read,
      skipped: [...sum.skipped, ...skipped].slice(0, SKIPPED_SHOWN_MAX),
      skippedCount: sum.skippedCount + report.skippedCount,
      changed: sum.changed + report.changed,
      unchanged: sum.unchanged + report.unchanged,
      told: sum.told + report.told,
      refused: sum.refused + report.refused,
      closed: sum.closed + report.closed,
    }
  }, first)
}

const KINDS: Record<ImportReport['format'], readonly [one: string, many: string]> = {
  OCSF: ['finding in OCSF', 'findings in OCSF'],
  ASFF: ['finding in ASFF', 'findings in ASFF'],
  CONFIG_SNAPSHOT: ['resource of a Config snapshot', 'resources of a Config snapshot'],
}

function reportText(report: ImportReport): string {
  const { format, read, skippedCount, skipped, changed, unchanged, told, refused, closed } = report
  return [
    `read ${counted(read, ...KINDS[format])}: ${counted(changed, 'finding is', 'findings are')} new or changed, ${unchanged} as before`,
    toldText(told, changed),
    ...(refused > 0
      ? [
          styled(
            'red',
            `${refused} new findings were refused: the organisation has no room for more`,
          ),
        ]
      : []),
    ...(closed > 0 ? [`left out ${closed} results of accounts that are closed`] : []),
    ...(skippedCount > 0 ? [`skipped ${skippedCount}:`] : []),
    ...skipped.map(({ index, reason }) => `  item ${index}: ${reason}`),
    ...(skippedCount > skipped.length ? [`  and ${skippedCount - skipped.length} more`] : []),
  ].join('\n')
}

/** Who imports for the first time would look for messages that are to come in a summary. */
function toldText(told: number, changed: number): string {
  if (changed === 0) return 'nothing was told'
  return `${counted(told, 'change was', 'changes were')} told at once; first results of a rule are told in one summary, and what is suppressed or under an exception is not`
}

const GZIP_MAGIC = 0x1f8b

function unpacked(bytes: Buffer, file: string): Buffer {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP_MAGIC) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw new UsageFault(`"${file}" is not whole: ${(error as Error).message}`, { cause: error })
  }
}
