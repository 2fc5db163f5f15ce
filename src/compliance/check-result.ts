import type { Severity } from '#src/model/alert.ts'
import type { Finding } from '#src/model/finding.ts'

/** What one check said of one resource at one time: what all that is found is brought to. */
export interface CheckResult extends Pick<
  Finding,
  | 'awsAccountId'
  | 'checkedBy'
  | 'incident'
  | 'link'
  | 'muted'
  | 'reason'
  | 'region'
  | 'resourceDeleted'
  | 'resourceId'
  | 'resourceType'
  | 'ruleId'
  | 'ruleName'
  | 'status'
  | 'tags'
  | 'title'
> {
  readonly severity: Severity
  readonly frameworks: readonly string[]
  /** By whoever checked, epoch ms: the newest result is how things stand. */
  readonly evaluatedAt: number
  /** When it was sent, epoch ms: decides between results of the same time. */
  readonly sentAt: number
  /**
   * What happened, such as an attack, is told at once; how things stand may wait until a rule that
   * was never seen before has settled.
   */
  readonly atOnce?: true
  /** The rule is not about the resource: that ends a finding, and makes none. */
  readonly endsOnly?: true
  /** What Security Hub has: whether people suppress it there. */
  readonly suppressed?: boolean
  /** Of the hub's own rules: when the bundle was enabled whose rule said so, epoch ms. */
  readonly enabledAt?: number
  /** Where the service that found it tells of that in events of its own, beside Security Hub. */
  readonly teller?: {
    readonly account: string
    readonly region: string
    /** Security Hub tells of it, under a name that is not the service's. */
    readonly isSecondHand?: true
  }
}

/**
 * What people suppress in Security Hub stays so until they say otherwise there. The events of the
 * service that found it know nothing of that, so what Security Hub said last is kept beside the newest
 * result, in the order in which it was sent: a change of the workflow leaves a finding's own time alone.
 */
export interface Suppression {
  readonly isSuppressed: boolean
  readonly sentAt: number
  readonly evaluatedAt: number
  /** As the newest result itself has it. */
  readonly mutedItself?: NonNullable<CheckResult['muted']>
}

/** As much as a person reads, and as an event has room for. */
const TEXT_CHARACTERS_MAX = 1_024
/** An ARN has at most so many. */
const ID_CHARACTERS_MAX = 2_048
/** A longer one is left out: cut, it would lead nowhere. */
const LINK_CHARACTERS_MAX = 2_048
const TAGS_MAX = 100
const FRAMEWORKS_MAX = 50
const INSTANT_MAX = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The result with its texts cut to what is kept of them.
 * @returns undefined where what names it is missing or too long to be a name, or where it has no time
 * that an alert could tell
 */
export function bounded(result: CheckResult): CheckResult | undefined {
  const { link = '', ...rest } = result
  const { ruleId, resourceId, incident = '', ruleName, title, reason, tags, frameworks } = result
  const { evaluatedAt, sentAt, region, resourceType } = result
  const isName = (text: string) => text.length > 0 && text.length <= ID_CHARACTERS_MAX
  if (!isName(ruleId) || !isName(resourceId) || incident.length > ID_CHARACTERS_MAX)
    return undefined
  const isInstant = (time: number) => time >= 0 && time <= INSTANT_MAX
  if (!isInstant(evaluatedAt) || !isInstant(sentAt)) return undefined
  return {
    ...rest,
    ...(link !== '' && link.length <= LINK_CHARACTERS_MAX && { link }),
    ...(region !== undefined && { region: clipped(region) }),
    ...(resourceType !== undefined && { resourceType: clipped(resourceType) }),
    ruleName: clipped(ruleName === '' ? ruleId : ruleName),
    ...(title !== undefined && { title: clipped(title) }),
    ...(reason !== undefined && { reason: clipped(reason) }),
    tags: Object.fromEntries(
      Object.entries(tags)
        .slice(0, TAGS_MAX)
        .map(([key, value]) => [clipped(key), clipped(value)]),
    ),
    frameworks: [...new Set(frameworks)].slice(0, FRAMEWORKS_MAX).map((name) => clipped(name)),
  }
}

/** The start of a text that is longer than that. */
export function clipped(text: string, charactersMax = TEXT_CHARACTERS_MAX): string {
  if (text.length <= charactersMax) return text
  // What is cut within a character is none of JSON.
  return `${text.slice(0, charactersMax - 1).toWellFormed()}…`
}
