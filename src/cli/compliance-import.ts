import { gunzipSync, gzipSync } from 'node:zlib'

import type { Command } from 'commander'

import type { ImportReport } from '#src/model/compliance-bundle.ts'
import { action } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { ORGANISATION, contentOf } from './compliance-bundles.ts'
import type { OfOrganisation } from './compliance-bundles.ts'
import { SNAPSHOT_ITEMS, goneBy, memberOf, wholeSnapshotOf } from './config-snapshot.ts'
import type { WholeSnapshot } from './config-snapshot.ts'
import type { HubClient } from './hub-client.ts'
import { styled } from './output.ts'
import { instant } from './period.ts'
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
    .option(
      '--taken-at <time>',
      'when a whole snapshot was taken whose name is not the one that AWS Config gave it',
      instant,
    )
    .option(...ORGANISATION)
    .addHelpText(
      'after',
      `
A file is a snapshot of AWS Config, as it is delivered to a bucket; findings in OCSF, as Prowler writes
them (its file that ends in .ocsf.json); or findings in ASFF, as "prowler aws -M json-asff" writes and
"aws securityhub get-findings" prints them. It is sent in parts, and the same file again changes nothing.

A snapshot under the name that AWS Config gave it is whole: what it does not have was deleted, and what
was found of that more than an hour before is over. Of types that it has nothing of nothing is said, since
they may not be recorded. Of one under another name say when it was taken.

  belfry compliance import 123456789012_Config_eu-west-1_ConfigSnapshot_20260131T080000Z_....json.gz
  belfry compliance import snapshot.json --taken-at 2026-01-31T08:00:00Z
  belfry compliance import prowler-output.ocsf.json`,
    )
    .action(
      action<ImportOptions>(async ({ hub, output, options }, file: string) => {
        const text = unpacked(await contentOf(file), file).toString('utf8')
        const document = parsed(text, file)
        const snapshot = wholeSnapshotOf(document, { file, takenAt: options.takenAt })
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const report = sumOf(await sent(hub, organisationId, partsOf(text, document)))
        const whole =
          snapshot === undefined ? report : await withGone(hub, report, organisationId, snapshot)
        await output.show(whole, () => reportText(whole))
      }),
    )
}

interface ImportOptions extends OfOrganisation {
  readonly takenAt?: number
}

/** Of a whole snapshot with how many resources were found to be deleted. */
type FileReport = ImportReport & { readonly gone?: number }

/** Ends the findings of resources that a whole snapshot does not have. */
async function withGone(
  hub: HubClient,
  report: ImportReport,
  organisationId: string,
  snapshot: WholeSnapshot,
): Promise<FileReport> {
  const gone = await goneBy(hub, organisationId, snapshot)
  const document = { [SNAPSHOT_ITEMS]: gone }
  const parts = gone.length === 0 ? [] : partsOf(JSON.stringify(document), document)
  const { changed, told } = sumOf([report, ...(await sent(hub, organisationId, parts))])
  return { ...report, changed, told, gone: gone.length }
}

/** Sends the parts of a document, one after the other. */
async function sent(
  hub: HubClient,
  organisationId: string,
  parts: readonly string[],
): Promise<readonly ImportReport[]> {
  const reports: ImportReport[] = []
  for (const part of parts) {
    const gzip = gzipSync(part).toString('base64')
    try {
      reports.push(await hub.post<ImportReport>('/compliance/imports', { organisationId, gzip }))
    } catch (error) {
      if (reports.length === 0) throw error
      const { read, skippedCount } = sumOf(reports)
      throw new CommandFault(
        `${(error as Error).message} (the first ${read + skippedCount} items are taken in: import the file again to go on)`,
        { cause: error },
      )
    }
  }
  return reports
}

/** A document in parts; whole where it is none that has parts, so that the hub says what it is not. */
function partsOf(text: string, document: unknown): readonly string[] {
  const name = [SNAPSHOT_ITEMS, 'Findings'].find((one) => Array.isArray(memberOf(document, one)))
  const items: unknown = name === undefined ? document : memberOf(document, name)
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

function reportText(report: FileReport): string {
  const { gone = 0 } = report
  const { format, read, skippedCount, skipped, changed, unchanged, told, refused, closed } = report
  return [
    `read ${counted(read, ...KINDS[format])}: ${counted(changed, 'finding is', 'findings are')} new or changed, ${unchanged} as before`,
    ...(gone > 0
      ? [
          `${counted(gone, 'resource is', 'resources are')} gone by the snapshot, and what was found of them is over`,
        ]
      : []),
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
