import { parseBundle } from './bundle.ts'
import { resourceOf } from './resource.ts'

/** What came of one example of a rule. */
export interface TestedExample {
  readonly rule: string
  readonly expected: 'pass' | 'fail'
  /** Of this kind, from 1. */
  readonly number: number
  readonly ok: boolean
  /** What the rule said, where that was not expected. */
  readonly found?: string
}

export interface TestedBundle {
  readonly bundle: string
  readonly version: string
  readonly examples: readonly TestedExample[]
  /** Rules without an example of either kind. */
  readonly untested: readonly string[]
}

/** Runs the examples of a file of rules. @throws RuleFault where the file is no bundle */
export function testBundle(text: string): TestedBundle {
  const { file, rules } = parseBundle(text)
  const examples = rules().flatMap(({ rule, verdictOn }) =>
    (['pass', 'fail'] as const).flatMap((expected) =>
      (rule.examples?.[expected] ?? []).map((example, index): TestedExample => {
        const resource = resourceOf({ resourceId: 'example', ...example })
        const verdict = typeof resource === 'string' ? undefined : verdictOn(resource)
        const ok = verdict?.status === (expected === 'pass' ? 'PASSED' : 'FAILED')
        const found = typeof resource === 'string' ? resource : foundOf(verdict)
        return { rule: rule.id, expected, number: index + 1, ok, ...(!ok && { found }) }
      }),
    ),
  )
  const untested = file.rules.filter(
    ({ examples: given }) => !given?.pass?.length || !given.fail?.length,
  )
  return {
    bundle: file.bundle,
    version: file.version,
    examples,
    untested: untested.map(({ id }) => id),
  }
}

function foundOf(verdict: { status: string; reason?: string } | undefined): string {
  if (verdict === undefined || verdict.status === 'NOT_APPLICABLE') {
    return 'the rule does not apply to it'
  }
  const { status, reason } = verdict
  return reason === undefined ? status : `${status}: ${reason}`
}
