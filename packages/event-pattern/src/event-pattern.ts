export { InvalidEventPatternError } from './errors.ts'
export { EventPattern } from './pattern.ts'
export { RuleSet } from './rule-set.ts'
