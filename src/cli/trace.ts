import type { Command } from 'commander'

import { action } from './call.ts'
import { deliveriesText } from './traced-delivery.ts'
import type { TracedDelivery } from './traced-delivery.ts'
import { eventPath } from './api-path.ts'
import { fields, styled } from './output.ts'
import type { Style } from './output.ts'
import { localMoment, localTime, printable } from './terminal-text.ts'

interface Step {
  readonly at: number
  readonly type: string
  readonly ruleArn?: string
  readonly targetId?: string
  readonly attempt?: number
  readonly message?: string
}

interface RuleVerdict {
  readonly ruleArn: string
  readonly state: string
  readonly changedSince?: boolean
  readonly matches: boolean
  readonly summary: string
  readonly notificationName?: string
}

interface Trace {
  readonly bus: string
  readonly acceptedAt: number
  readonly awaitsEnrichment?: boolean
  readonly routed: boolean
  readonly rules: readonly RuleVerdict[]
  readonly deliveries: readonly TracedDelivery[]
  readonly steps: readonly Step[]
}

const HELP = `
On each event bus that the event reached: all that happened, by the names that EventBridge's logs
have for it; then what the rules that the bus has now say of the event. "belfry why" tells more of
one rule. Of an alert it goes on behind the notifications: what people were told, or why not.

Example:
  belfry trace 6a7e8feb-b491-4cf7-a9f1-bf3703467718`

export function addTrace(program: Command): void {
  program
    .command('trace')
    .description('follow an event: which rules took it, each delivery, each attempt')
    .argument('<event-id>', 'the whole id of the event')
    .addHelpText('after', HELP)
    .action(
      action(async ({ hub, output }, id: string) => {
        const { traces } = await hub.get<{ traces: readonly Trace[] }>(eventPath(id, '/trace'))
        await output.show(traces, () => shownOf(traces).map(traceText).join('\n\n'))
      }),
    )
}

/** What an event was before it had names tells nothing once it has them. */
function shownOf(traces: readonly Trace[]): readonly Trace[] {
  const named = traces.filter(({ awaitsEnrichment }) => awaitsEnrichment !== true)
  return named.length > 0 ? named : traces
}

function traceText({ bus, acceptedAt, awaitsEnrichment, routed, ...trace }: Trace): string {
  const head = fields({ bus, accepted: localMoment(acceptedAt) }, { bus: 'bold' })
  if (awaitsEnrichment === true) return `${head}\n  waits for the names behind its ids: not routed`
  const names = new Map(trace.rules.map((rule) => [rule.ruleArn, rule.notificationName]))
  const steps = trace.steps.map((step) => stepLine(step, names.get(step.ruleArn ?? '')))
  const waits = routed ? [] : ['  routing has yet to come to it']
  const deliveries = trace.deliveries.length > 0 ? ['', deliveriesText(trace.deliveries)] : []
  const rules = trace.rules.length > 0 ? ['', ...trace.rules.map(ruleLine)] : []
  return [head, '', ...steps, ...waits, ...deliveries, ...rules].join('\n')
}

/** @param notification its name, where the rule is one */
function stepLine(
  { at, type, ruleArn, targetId, attempt, message }: Step,
  notification: string | undefined,
): string {
  const rule = ruleArn === undefined ? [] : [shortRule(ruleArn)]
  const target = targetId === undefined ? [] : [`target ${targetId}`]
  const subject = [
    ...(notification === undefined ? [...rule, ...target] : [ofName(notification)]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(message === undefined ? [] : [message]),
  ]
  const text = `${type}${subject.length > 0 ? `  ${subject.join(', ')}` : ''}`
  return `  ${styled('dim', localTime(at))}  ${styled(styleOf(type), printable(text))}`
}

function styleOf(type: string): Style | undefined {
  if (/FAILURE|DLQ/.test(type)) return 'red'
  if (/THROTTLE|NO_STANDARD/.test(type)) return 'yellow'
  return /SUCCESS/.test(type) ? 'green' : undefined
}

function ruleLine(verdict: RuleVerdict): string {
  const { ruleArn, state, changedSince, matches, summary, notificationName } = verdict
  const mark = matches ? styled('green', 'matches') : styled('yellow', 'no match')
  const notes = [
    ...(state === 'ENABLED' ? [] : ['disabled']),
    ...(changedSince === true ? ['changed since'] : []),
  ]
  const note = notes.length > 0 ? ` (${notes.join(', ')})` : ''
  const reason = summary.replace(/^(?:no )?match:? ?/, '')
  const why = matches || reason === '' ? '' : `: ${reason}`
  const name =
    notificationName === undefined ? `rule ${shortRule(ruleArn)}` : ofName(notificationName)
  return `  ${mark}  ${printable(`${name}${note}${why}`)}`
}

function ofName(notification: string): string {
  return `notification "${notification}"`
}

function shortRule(arn: string): string {
  return arn.slice(arn.indexOf(':rule/') + ':rule/'.length)
}
