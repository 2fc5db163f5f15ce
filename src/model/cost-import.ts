import { Type } from 'typebox'
import type { Static } from 'typebox'

import { DayText } from './day.ts'
import { Id, Instant, RegionName } from './tenancy.ts'

export const ExportName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
  title: 'letters, digits, dots, dashes and underscores, 128 at most, with a letter or digit first',
  description:
    'What tells of the same costs again and again: a new state of it replaces its billing periods',
  examples: ['focus-daily'],
})
export const FileName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$',
  title: 'letters, digits, dots, dashes and underscores, 200 at most, with a letter or digit first',
  examples: ['focus-2026-01.csv.gz'],
})
export const TagKeys = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
  maxItems: 100,
  description: 'The only tag keys that costs are told apart by; without it all',
})
export const MonthText = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}$',
  title: 'a month as year-month',
  examples: ['2026-01'],
})
const Amount = Type.String({ description: 'A decimal number, exact', examples: ['12.5'] })

export const CostTotalText = Type.Object({
  currency: Type.String(),
  billedCost: Amount,
  effectiveCost: Amount,
})
export type CostTotalText = Static<typeof CostTotalText>

const FromFolder = Type.Object({
  kind: Type.Literal('folder'),
  path: Type.String({
    minLength: 1,
    maxLength: 1_024,
    description: 'A file or folder below the folder of the organisation',
  }),
})
const FromBucket = Type.Object({
  kind: Type.Literal('s3'),
  bucket: Type.String({
    pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
    title: 'the name of a bucket in S3',
    examples: ['acme-bills'],
  }),
  prefix: Type.String({ maxLength: 1_024, description: 'Below it are manifests of an export' }),
  exportName: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Its name in AWS, where several exports are below the prefix',
    }),
  ),
  region: Type.Optional({ ...RegionName, description: 'Of the bucket; us-east-1 where not given' }),
  roleArn: Type.Optional(
    Type.String({
      pattern: '^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$',
      title: 'the ARN of a role',
      examples: ['arn:aws:iam::111122223333:role/bills'],
      description:
        'Assumed to read the bucket, with the id of the organisation as the external id; without it the hub uses its own credentials, for its operator alone',
    }),
  ),
})

/** Where files of costs are found again and again. */
export const CostSourceFrom = Type.Union([FromFolder, FromBucket])
export type CostSourceFrom = Static<typeof CostSourceFrom>

/** Where the files of an import come from. */
export const CostImportFrom = Type.Union([
  Type.Object({ kind: Type.Literal('upload') }),
  FromFolder,
  FromBucket,
])
export type CostImportFrom = Static<typeof CostImportFrom>

export const COST_IMPORT_STATUSES = [
  'uploading',
  'waiting',
  'running',
  'done',
  'unchanged',
  'failed',
  'cancelled',
] as const
export type CostImportStatus = (typeof COST_IMPORT_STATUSES)[number]

export const CostImportReport = Type.Object({
  formats: Type.Array(Type.String()),
  files: Type.Integer(),
  rowsRead: Type.Integer(),
  rowsSkipped: Type.Integer(),
  skipped: Type.Array(
    Type.Object({
      reason: Type.String(),
      rows: Type.Integer(),
      examples: Type.Array(
        Type.Object({ place: Type.String(), found: Type.Optional(Type.String()) }),
      ),
    }),
    { description: 'Rows that could not be understood, by the reason, with the first of each' },
  ),
  currencies: Type.Array(Type.String()),
  periods: Type.Array(
    Type.Object({
      month: MonthText,
      rows: Type.Integer({ description: 'By day and dimensions' }),
      completeThrough: Type.Optional(DayText),
      totals: Type.Array(CostTotalText),
      before: Type.Optional(
        Type.Array(CostTotalText, { description: 'Of the state that was replaced' }),
      ),
    }),
  ),
  warnings: Type.Array(Type.String()),
})
export type CostImportReport = Static<typeof CostImportReport>

/** An import is forgotten so long after its end, unless costs are still what it brought. */
export const COST_IMPORT_KEPT_DAYS = 90

/** Bringing in a state of an export, and how it went. */
export const CostImport = Type.Object(
  {
    id: Id,
    organisationId: Id,
    exportName: ExportName,
    from: CostImportFrom,
    tagKeys: Type.Optional(TagKeys),
    sourceId: Type.Optional({ ...Id, description: 'Of the cost source that asked for it' }),
    status: Type.Unsafe<CostImportStatus>({
      type: 'string',
      enum: [...COST_IMPORT_STATUSES],
      description:
        'unchanged: this state of the export was imported before; failed and cancelled: billing periods are as they were',
    }),
    progress: Type.Optional(
      Type.Object(
        {
          rows: Type.Integer(),
          file: Type.Integer({ description: 'The number of the file that is read' }),
          files: Type.Integer(),
          bytes: Type.Integer({ description: 'Of that file' }),
          fileBytes: Type.Integer(),
        },
        { description: 'While it is running' },
      ),
    ),
    execution: Type.Optional(
      Type.String({
        description: 'Which state of the export it is: of its manifest, or a digest of its files',
      }),
    ),
    report: Type.Optional(CostImportReport),
    error: Type.Optional(Type.String()),
    createdAt: Instant,
    receivedAt: Type.Optional({
      ...Instant,
      description: 'When a part of the upload came last: 24 hours later it is given up',
    }),
    endedAt: Type.Optional(Instant),
  },
  { $id: 'CostImport' },
)
export type CostImport = Static<typeof CostImport>

/** A billing period as people and programs are shown it. */
export const CostPeriodText = Type.Object(
  {
    organisationId: Id,
    exportName: ExportName,
    month: MonthText,
    execution: Type.String(),
    importId: Id,
    importedAt: Instant,
    firstDay: DayText,
    lastDay: DayText,
    completeThrough: Type.Optional({
      ...DayText,
      description: 'Nothing is missing of it and the days before',
    }),
    billingAccountIds: Type.Array(Type.String()),
    totals: Type.Array(CostTotalText),
    rows: Type.Integer(),
  },
  { $id: 'CostPeriod' },
)
export type CostPeriodText = Static<typeof CostPeriodText>
