import type { RecordedEvent } from '#src/model/event.ts'
import type { State } from '#src/ports/state.ts'
import { OWN_CHECKS } from './bundle-documents.ts'
import type { CheckResult } from './check-result.ts'
import { findingById, findingIdOf } from './documents.ts'
import { awsEventOf } from './observed/aws-event.ts'
import { at, numberAt, textAt } from './observed/foreign.ts'
import { checkResource } from './own-checks.ts'
import type { AppliedRule } from './own-checks.ts'
import { resourceOf } from './rules/resource.ts'

/**
 * What a change of tags tells. It has a resource's tags, and nothing of its configuration: so rules
 * that look at tags alone are applied anew, to a resource that earlier results name, and others wait
 * until AWS Config tells of the resource, which it does when tags change.
 */
export interface CheckedTags {
  readonly results: readonly CheckResult[]
  readonly unreadable: number
  /** Changes of resources that no earlier result names. */
  readonly unknown: number
  /** Rules that look at tags and at more, which wait. */
  readonly undecided: number
}

/** What a finding, or the event, knows of a resource. */
const KNOWN_MEMBERS = new Set(['tags', 'ARN', 'resourceType', 'awsAccountId', 'awsRegion'])
/** Where Config has what is in no region. */
const NO_REGION = 'global'
const NOTHING: CheckedTags = { results: [], unreadable: 0, unknown: 0, undecided: 0 }

export function isTagChange({ source, detailType }: RecordedEvent): boolean {
  return source === 'aws.tag' && detailType === 'Tag Change on Resource'
}

/**
 * Applies the rules that look at tags alone.
 * @param pending results of the organisation that are not stored yet
 */
export async function checkTagChange(
  state: Pick<State, 'get'>,
  {
    organisationId,
    rules,
    json,
    pending,
    turns,
  }: {
    readonly organisationId: string
    readonly rules: readonly AppliedRule[]
    readonly json: string
    readonly pending: readonly CheckResult[]
    readonly turns: () => Promise<void>
  },
): Promise<CheckedTags> {
  const ofTags = rules.filter(({ members }) => members === undefined || members.has('tags'))
  if (ofTags.length === 0) return NOTHING
  const event: unknown = JSON.parse(json)
  const { account, region, sentAt, detail } = awsEventOf(event)
  const resourceId = textAt(event, 'resources', 0)
  const tags = at(detail, 'tags')
  if (resourceId === undefined || typeof tags !== 'object' || !Number.isFinite(sentAt)) {
    return { ...NOTHING, unreadable: 1 }
  }
  const places = [region, NO_REGION].map((one) => ({
    awsAccountId: account,
    region: one,
    resourceId,
  }))
  const known = await knownOf(state, { organisationId, rules, places, pending })
  // What was deleted stays so: its last tags are told late.
  if (known === undefined || known.resourceDeleted === true) return { ...NOTHING, unknown: 1 }
  const resource = resourceOf({
    resourceType: known.resourceType,
    resourceId,
    ARN: resourceId,
    tags,
    awsAccountId: account,
    awsRegion: known.region,
    configurationItemCaptureTime: textAt(event, 'time'),
  })
  if (typeof resource === 'string') return { ...NOTHING, unreadable: 1 }
  const decided = ofTags.filter(
    ({ members }) => members !== undefined && [...members].every((one) => KNOWN_MEMBERS.has(one)),
  )
  // Times are of whole seconds; within one, the version of the tags says which is newer.
  const now = sentAt + (numberAt(detail, 'version') ?? 0)
  const results = await checkResource(decided, resource, { now, turns })
  return { ...NOTHING, results, undecided: ofTags.length - decided.length }
}

type Place = Pick<CheckResult, 'awsAccountId' | 'region' | 'resourceId'>
type Known = Pick<CheckResult, 'region' | 'resourceDeleted' | 'resourceType'>

/** What any rule of our own has found of a resource before. */
async function knownOf(
  state: Pick<State, 'get'>,
  {
    organisationId,
    rules,
    places,
    pending,
  }: {
    readonly organisationId: string
    readonly rules: readonly AppliedRule[]
    readonly places: readonly Place[]
    readonly pending: readonly CheckResult[]
  },
): Promise<Known | undefined> {
  const isOfPlace = (result: CheckResult) =>
    result.checkedBy === OWN_CHECKS &&
    places.some(
      ({ awsAccountId, region, resourceId }) =>
        result.resourceId === resourceId &&
        result.awsAccountId === awsAccountId &&
        result.region === region,
    )
  const waiting = pending.findLast(isOfPlace)
  if (waiting !== undefined) return waiting
  for (const place of places) {
    for (const { ruleId } of rules) {
      const id = findingIdOf(organisationId, { checkedBy: OWN_CHECKS, ruleId, ...place })
      const finding = await findingById(state, id)
      if (finding !== undefined) return finding
    }
  }
  return undefined
}
