import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'

import { RuleFault } from './rule-fault.ts'

/**
 * CEL always ends; these bound when. A macro over a list in a macro over a list in a resource, whose
 * lists have at most 1,000 items, is a million steps, about 3 s at worst.
 */
const LIMITS = {
  maxAstNodes: 500,
  maxDepth: 50,
  maxListElements: 100,
  maxMapEntries: 50,
  maxCallArguments: 10,
}
const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map', 'bind'])
const NESTED_MACROS_MAX = 2

/** A condition on a resource. */
export interface Condition {
  readonly complies: (values: {
    readonly resource: unknown
    readonly parameters: unknown
  }) => boolean
  /** The members of the resource that it looks at; undefined: it may look at any. */
  readonly members: ReadonlySet<string> | undefined
}

const environment = new Environment({ limits: LIMITS, unlistedVariablesAreDyn: false })
  .registerVariable('resource', 'dyn')
  .registerVariable('parameters', 'dyn')
  .registerFunction('like(string, string): bool', like)
  .registerFunction('sameButCase(string, string): bool', sameButCase)

/** @throws RuleFault where it is no condition, or one without a bound */
export function conditionOf(text: string): Condition {
  const parsed = attempt(() => environment.parse(text))
  const { valid, error, type } = parsed.check()
  if (!valid) throw new RuleFault(firstLine(error))
  if (type !== 'bool' && type !== 'dyn') {
    throw new RuleFault(`it must say true or false, and says a ${type}`)
  }
  checkBounds(parsed.ast, 0)
  const members = new Set<string>()
  return {
    members: addMembers(parsed.ast, members) ? members : undefined,
    complies: (values) => {
      const answer: unknown = parsed(values)
      if (typeof answer === 'boolean') return answer
      throw new RuleFault('it said neither true nor false')
    },
  }
}

/** Adds the members that are read of the resource. @returns false where it may be any of them */
function addMembers(node: unknown, members: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((item) => addMembers(item, members))
  if (typeof node !== 'object' || node === null || !('op' in node)) return true
  const { op, args } = node as ASTNode
  if (op === 'id') return args !== 'resource'
  const isMember = op === '.' && Array.isArray(args) && isResource(args[0])
  if (!isMember) return addMembers(args, members)
  members.add(args[1])
  return true
}

function isResource(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || !('op' in node)) return false
  const { op, args } = node as ASTNode
  return op === 'id' && args === 'resource'
}

function attempt<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new RuleFault(firstLine(error), { cause: error })
  }
}

/** The library's messages go on with a drawing of where. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}

function checkBounds(node: unknown, macros: number): void {
  if (Array.isArray(node)) for (const item of node) checkBounds(item, macros)
  if (typeof node !== 'object' || node === null || !('op' in node)) return
  const { op, args } = node as ASTNode
  const called = op === 'rcall' || op === 'call' ? args[0] : undefined
  if (called === 'matches') {
    throw new RuleFault(
      'a regular expression may take for ever: use like(text, pattern), in which * is any text, startsWith, endsWith or contains',
    )
  }
  const within = macros + Number(called !== undefined && MACROS.has(called))
  if (within > NESTED_MACROS_MAX) {
    throw new RuleFault(`macros such as all() and exists() nest ${NESTED_MACROS_MAX} deep at most`)
  }
  checkBounds(args, within)
}

function sameButCase(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Whether a text fits a pattern in which a star is any text; in the time of their lengths' product. */
function like(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return text === pattern
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  for (const part of rest) {
    const found = text.indexOf(part, from)
    if (found === -1) return false
    from = found + part.length
  }
  return from <= text.length - last.length
}
