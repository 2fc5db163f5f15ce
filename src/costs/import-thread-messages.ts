import type { ReadProgress, ReadReport } from './read-files.ts'
import type { PeriodSummary, RollupPart } from './rollup.ts'
import type { TableFile } from './table-files.ts'

/** What the thread of an import is given. */
export interface ThreadTask {
  readonly files: readonly TableFile[]
  readonly tagKeys?: readonly string[]
  /** Which state of the export it is; absent: what the files' digest says. */
  readonly execution?: string
  /** Manifests say which billing periods these are: there may be no row. */
  readonly mayBeEmpty?: boolean
}

/** What the thread tells. */
export type ThreadMessage =
  | { readonly kind: 'execution'; readonly execution: string }
  | { readonly kind: 'progress'; readonly progress: ReadProgress }
  | { readonly kind: 'part'; readonly part: RollupPart }
  | {
      readonly kind: 'read'
      readonly report: ReadReport
      readonly summaries: readonly PeriodSummary[]
    }
  | { readonly kind: 'fault'; readonly message: string }
