import { RestError } from '#src/errors.ts'
import type { Severity } from '#src/model/alert.ts'
import type { CheckRule, Finding, FindingStatus } from '#src/model/finding.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State, StoredDocument } from '#src/ports/state.ts'
import { listAccepted } from '#src/tenancy/documents.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import type { Counting } from './counting.ts'
import { CHECK_RULES, FINDINGS, findingById, findingPrefix } from './documents.ts'
import type { StoredFinding } from './documents.ts'

export interface FindingFilter {
  readonly organisationId?: string | undefined
  readonly status?: FindingStatus | undefined
  readonly severity?: Severity | undefined
  readonly awsAccountId?: string | undefined
  readonly checkedBy?: string | undefined
  readonly ruleId?: string | undefined
  /** Somewhere in rule, resource or reason, in any case. */
  readonly text?: string | undefined
}

/** What checks found, as it is now. */
export interface Findings {
  get(caller: Principal, id: string): Promise<Finding>
  /** What failed first, the worst first. A page may be short, or empty, and not be the last. */
  list(caller: Principal, asked: PageOfCaller & FindingFilter): Promise<Page<Finding>>
  rules(
    caller: Principal,
    asked: PageOfCaller & Pick<FindingFilter, 'organisationId' | 'checkedBy'>,
  ): Promise<Page<CheckRule>>
}

const DOCUMENTS_PER_READ = 500
/** A request looks at so many at most: some tenths of a second. */
const DOCUMENTS_PER_REQUEST_MAX = 20_000

export interface FindingPorts {
  readonly state: State
  readonly counting: Pick<Counting, 'counted'>
}

export function createFindings({ state, counting }: FindingPorts): Findings {
  return {
    get: async (caller, id) => {
      const finding = await findingById(state, id)
      if (finding !== undefined && isVisible(caller, finding)) return shown(finding)
      throw new RestError(404, 'finding.not-found', `there is no finding "${id}"`)
    },
    list: async (caller, { after, limit, ...filter }) => {
      const organisationId = filter.organisationId ?? caller.organisationId
      if (organisationId === undefined && filter.status !== undefined) {
        throw new RestError(
          400,
          'finding.organisation-missing',
          'findings of a status are listed of one organisation: say which',
        )
      }
      const prefix = organisationId && findingPrefix(organisationId, filter.status, filter.severity)
      const accept = (finding: StoredFinding) => isVisible(caller, finding) && fits(filter, finding)
      return pageOf(state, { prefix, after, limit }, accept)
    },
    rules: async (caller, { organisationId, checkedBy, ...page }) => {
      await counting.counted()
      return listAccepted(state, CHECK_RULES, {
        ...page,
        accept: (rule) =>
          reaches(caller, rule.organisationId) &&
          (organisationId ?? rule.organisationId) === rule.organisationId &&
          (checkedBy ?? rule.checkedBy) === rule.checkedBy,
      })
    },
  }
}

async function pageOf(
  state: Pick<State, 'list'>,
  asked: PageOfCaller & { readonly prefix?: string | undefined },
  accept: (finding: StoredFinding) => boolean,
): Promise<Page<Finding>> {
  const { prefix, limit } = asked
  const found: StoredDocument<StoredFinding>[] = []
  let { after } = asked
  for (let looked = 0; looked < DOCUMENTS_PER_REQUEST_MAX; looked += DOCUMENTS_PER_READ) {
    const documents = await state.list(FINDINGS, {
      limit: DOCUMENTS_PER_READ,
      ...(prefix !== undefined && { prefix }),
      ...(after !== undefined && { after }),
    })
    for (const document of documents) {
      if (!accept(document.value)) continue
      if (found.length === limit) return pageEndingAt(found, found.at(-1)?.key)
      found.push(document)
    }
    if (documents.length < DOCUMENTS_PER_READ) return pageEndingAt(found, undefined)
    after = documents.at(-1)?.key
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return pageEndingAt(found, after)
}

function pageEndingAt(
  found: readonly StoredDocument<StoredFinding>[],
  last: string | undefined,
): Page<Finding> {
  return { items: found.map(({ value }) => shown(value)), ...(last !== undefined && { last }) }
}

function isVisible(caller: Principal, { organisationId, awsAccountId }: StoredFinding): boolean {
  if (!reaches(caller, organisationId)) return false
  if (caller.onlyAccounts === undefined) return true
  return awsAccountId !== undefined && reachesAccount(caller, awsAccountId)
}

function fits(filter: FindingFilter, finding: StoredFinding): boolean {
  const equal = (
    ['organisationId', 'severity', 'awsAccountId', 'checkedBy', 'ruleId'] as const
  ).every((name) => filter[name] === undefined || filter[name] === finding[name])
  if (!equal || filter.text === undefined) return equal
  const { ruleId, ruleName, resourceId, reason = '' } = finding
  const text = filter.text.toLowerCase()
  return [ruleId, ruleName, resourceId, reason].some((part) => part.toLowerCase().includes(text))
}

function shown({
  sentAt: _,
  told: __,
  toldAs: ___,
  summaryOf: ____,
  suppression: _____,
  ...finding
}: StoredFinding): Finding {
  return finding
}
