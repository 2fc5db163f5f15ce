import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'

import { RuleFault } from './rule-fault.ts'

/** CEL always ends; these bound when, with the steps that a look at a resource may take. */
const LIMITS = {
  maxAstNodes: 500,
  maxDepth: 50,
  maxListElements: 100,
  maxMapEntries: 50,
  maxCallArguments: 10,
}
const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map', 'bind'])
const NESTED_MACROS_MAX = 2
/**
 * A step is one node of the condition for each value that is read of the resource, some tens of ns. A
 * macro over 1,000 items in another, with lists compared in it, would be a billion.
 */
const STEPS_MAX = 5_000_000
/** Of a text so many characters are read as one value. */
const CHARACTERS_PER_VALUE = 64

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
  const nodes = checkBounds(parsed.ast, 0)
  const members = new Set<string>()
  return {
    members: addMembers(parsed.ast, members) ? members : undefined,
    complies: ({ resource, parameters }) => {
      const metered = meter(STEPS_MAX / nodes)
      const answer: unknown = parsed({
        resource: metered(resource),
        parameters: metered(parameters),
      })
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

/** @returns how many nodes it has */
function checkBounds(node: unknown, macros: number): number {
  if (Array.isArray(node)) {
    return node.reduce<number>((sum, item) => sum + checkBounds(item, macros), 0)
  }
  if (typeof node !== 'object' || node === null || !('op' in node)) return 0
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
  return 1 + checkBounds(args, within)
}

/** Values that count what is read of them, and cannot be read any more once it is too much. */
function meter(readsMax: number): (value: unknown) => unknown {
  let left = readsMax
  const wrappers = new WeakMap<object, object>()
  const count = (reads: number) => {
    left -= reads
    if (left < 0) throw new RuleFault('it takes too many steps on a resource as large as this')
  }
  const metered = (value: unknown): unknown => {
    count(typeof value === 'string' ? 1 + value.length / CHARACTERS_PER_VALUE : 1)
    if (typeof value !== 'object' || value === null) return value
    const known = wrappers.get(value)
    if (known !== undefined) return known
    const wrapper = new Proxy(value, {
      get: (target, name) => metered(Reflect.get(target, name)),
      ownKeys: (target) => {
        const keys = Reflect.ownKeys(target)
        count(keys.length)
        return keys
      },
    })
    wrappers.set(value, wrapper)
    return wrapper
  }
  return metered
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
