import type { BundleFile } from '#src/model/compliance-bundle.ts'
import { parseBundle } from './bundle.ts'
import type { Bundle } from './bundle.ts'
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
  const bundle = parseBundle(text)
  const { bundle: name, version } = bundle.file
  return {
    bundle: name,
    version,
    examples: [...testedExamples(bundle)],
    untested: untestedRules(bundle.file),
  }
}

/** What comes of the examples, one after the other: they are run as they are asked for. */
export function* testedExamples({ rules }: Bundle): Generator<TestedExample> {
  for (const { rule, verdictOn } of rules()) {
    for (const expected of ['pass', 'fail'] as const) {
      for (const [index, example] of (rule.examples?.[expected] ?? []).entries()) {
        const resource = resourceOf({ resourceId: 'example', ...example })
        const verdict = typeof resource === 'string' ? undefined : verdictOn(resource)
        const ok = verdict?.status === (expected === 'pass' ? 'PASSED' : 'FAILED')
        const found = typeof resource === 'string' ? resource : foundOf(verdict)
        yield { rule: rule.id, expected, number: index + 1, ok, ...(!ok && { found }) }
      }
    }
  }
}

/** Ids of the rules without an example of either kind. */
export function untestedRules({ rules }: BundleFile): string[] {
  return rules
    .filter(({ examples }) => !examples?.pass?.length || !examples.fail?.length)
    .map(({ id }) => id)
}

function foundOf(verdict: { status: string; reason?: string } | undefined): string {
  if (verdict === undefined || verdict.status === 'NOT_APPLICABLE') {
    return 'the rule does not apply to it'
  }
  const { status, reason } = verdict
  return reason === undefined ? status : `${status}: ${reason}`
}
