export { InvalidEventPatternError } from './errors.ts'
export type {
  AlternativeExplanation,
  Branch,
  Explanation,
  FieldExplanation,
  TextFault,
} from './explain/explanation.ts'
export { textFault } from './explain/text-fault.ts'
export { EventPattern } from './pattern.ts'
export { RuleSet } from './rule-set.ts'
export type { MatchOptions } from './rule-set.ts'
