import type { RecordedEvent } from '#src/model/event.ts'
import { bounded } from '../check-result.ts'
import type { CheckResult } from '../check-result.ts'
import { fromAccessAnalyzer } from './access-analyzer.ts'
import { awsEventOf } from './aws-event.ts'
import type { AwsEvent } from './aws-event.ts'
import { fromConfigRule } from './config-rules.ts'
import {
  fromCostAnomaly,
  fromGuardDuty,
  fromInspector,
  fromMacie,
  fromTrustedAdvisor,
} from './incidents.ts'
import { fromSecurityHubV2 } from './ocsf.ts'
import { fromSecurityHub } from './security-hub.ts'

/** By source and detail-type. */
const TRANSLATORS: Readonly<Record<string, (event: AwsEvent) => readonly CheckResult[]>> = {
  'aws.config|Config Rules Compliance Change': fromConfigRule,
  'aws.securityhub|Security Hub Findings - Imported': fromSecurityHub,
  'aws.securityhub|Findings Imported V2': fromSecurityHubV2,
  'aws.guardduty|GuardDuty Finding': fromGuardDuty,
  'aws.access-analyzer|Access Analyzer Finding': fromAccessAnalyzer,
  'aws.access-analyzer|Internal Access Finding': fromAccessAnalyzer,
  'aws.access-analyzer|Unused Access Finding for IAM entities': fromAccessAnalyzer,
  'aws.inspector2|Inspector2 Finding': fromInspector,
  'aws.macie|Macie Finding': fromMacie,
  'aws.ce|Anomaly Detected': fromCostAnomaly,
  'aws.trustedadvisor|Trusted Advisor Check Item Refresh Notification': fromTrustedAdvisor,
}

type Told = Pick<RecordedEvent, 'source' | 'detailType' | 'json'>

/** Whether an event is one that tells results. */
export function tellsResults({ source, detailType }: Omit<Told, 'json'>): boolean {
  return Object.hasOwn(TRANSLATORS, `${source}|${detailType}`)
}

/** What an event tells of checks, and how much in it could not be read. */
export interface ResultsOfEvent {
  readonly results: readonly CheckResult[]
  readonly unreadable: number
}

export function resultsOfEvent({ source, detailType, json }: Told): ResultsOfEvent {
  const translate = TRANSLATORS[`${source}|${detailType}`]
  if (translate === undefined) return { results: [], unreadable: 0 }
  const all = translate(awsEventOf(JSON.parse(json)))
  const results = all.map(bounded).filter((result) => result !== undefined)
  return { results, unreadable: all.length - results.length }
}
