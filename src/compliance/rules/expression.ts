import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'

import { RuleFault } from './rule-fault.ts'

/**
 * CEL always ends; these bound when, with the steps and the time that a look at a resource may take.
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
/**
 * A step is one node of the condition for each value that is read of the resource, some tens of ns. A
 * macro over 1,000 items in another, with lists compared in it, would be a billion.
 */
const STEPS_MAX = 5_000_000
/** Of the processor: a step that is an error, of which a macro makes many and goes on, takes some µs. */
const MS_MAX = 2_000
const MICROSECONDS_PER_MS = 1_000
/** The clock is looked at once in so many values. */
const VALUES_PER_LOOK = 64
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
  const nodes = checkBounds(parsed.ast, OUTERMOST)
  const members = new Set<string>()
  return {
    members: addMembers(parsed.ast, members) ? members : undefined,
    complies: ({ resource, parameters }) => {
      const metered = meter(STEPS_MAX / nodes)
      const answer = withoutStacks(() =>
        parsed({ resource: metered(resource), parameters: metered(parameters) }),
      )
      if (typeof answer === 'boolean') return answer
      throw new RuleFault('it said neither true nor false')
    },
  }
}

/** Adds the members that are read of the resource. @returns false where it may be any of them */
function addMembers(node: unknown, members: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((item) => addMembers(item, members))
  if (!isNode(node)) return true
  const { op, args } = node
  if (op === 'id') return args !== 'resource'
  const isMember = op === '.' && Array.isArray(args) && isResource(args[0])
  if (!isMember) return addMembers(args, members)
  members.add(args[1])
  return true
}

function isResource(node: unknown): boolean {
  return isNode(node) && node.op === 'id' && node.args === 'resource'
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value
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

/** What a node is in. */
interface Within {
  readonly macros: number
  /** Of them those over a list that the condition makes itself, whose items nobody counts. */
  readonly uncounted: number
  /** Variables whose members are of the resource or the parameters, so that looks at them are counted. */
  readonly counted: ReadonlySet<string>
}

const OUTERMOST: Within = {
  macros: 0,
  uncounted: 0,
  counted: new Set(['resource', 'parameters']),
}

/** @returns how many nodes it has */
function checkBounds(node: unknown, around: Within): number {
  if (Array.isArray(node)) {
    return node.reduce<number>((sum, item) => sum + checkBounds(item, around), 0)
  }
  if (!isNode(node)) return 0
  const { op, args } = node
  const called = op === 'rcall' || op === 'call' ? args[0] : undefined
  if (called === 'matches') {
    throw new RuleFault(
      'a regular expression may take for ever: use like(text, pattern), in which * is any text, startsWith, endsWith or contains',
    )
  }
  const within = called !== undefined && MACROS.has(called) ? withinMacro(node, around) : around
  if (within.macros > NESTED_MACROS_MAX) {
    throw new RuleFault(`macros such as all() and exists() nest ${NESTED_MACROS_MAX} deep at most`)
  }
  if (within.uncounted > 1) {
    throw new RuleFault(
      'a macro over a list that the condition makes itself is in another such: make one of them a parameter',
    )
  }
  return 1 + checkBounds(args, within)
}

function withinMacro(node: ASTNode, around: Within): Within {
  const [name, receiver, given] = macroOf(node)
  const [variable, value] = given
  // cel.bind(variable, value, body)
  const isBind = name === 'bind'
  const hasCounted = isBind ? isPath(value, around.counted) : itemsCounted(receiver, around.counted)
  const isCounted = isBind || isPath(receiver, around.counted)
  return {
    macros: around.macros + 1,
    uncounted: around.uncounted + Number(!isCounted),
    counted:
      hasCounted && isNode(variable) && variable.op === 'id'
        ? new Set([...around.counted, variable.args])
        : around.counted,
  }
}

function macroOf({ op, args }: ASTNode): readonly [string, unknown, readonly unknown[]] {
  return op === 'rcall' ? [args[0], args[1], args[2]] : ['', undefined, []]
}

/** Whether the items of a list are the resource's or the parameters' own. */
function itemsCounted(node: unknown, counted: ReadonlySet<string>): boolean {
  if (isPath(node, counted)) return true
  if (!isNode(node)) return false
  const [name, receiver, given] = macroOf(node)
  if (name === 'filter') return itemsCounted(receiver, counted)
  const [variable] = given
  if (name !== 'map' || !itemsCounted(receiver, counted)) return false
  if (!isNode(variable) || variable.op !== 'id') return false
  return isPath(given.at(-1), new Set([...counted, variable.args]))
}

/** Whether a node is a variable, or a member of one, whose looks are counted. */
function isPath(node: unknown, counted: ReadonlySet<string>): boolean {
  if (!isNode(node)) return false
  const { op, args } = node
  if (op === 'id') return counted.has(args)
  return (op === '.' || op === '[]') && isPath(args[0], counted)
}

/** Nobody reads the stacks of the library's errors, which cost more than all else of them. */
function withoutStacks(work: () => unknown): unknown {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Spent by this thread: how busy the machine is makes no rule fail. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / MICROSECONDS_PER_MS
}

/** Values that count what is read of them, and cannot be read any more once it is too much. */
function meter(readsMax: number): (value: unknown) => unknown {
  let left = readsMax
  let over: string | undefined
  let looks = 0
  const end = processorMs() + MS_MAX
  const wrappers = new WeakMap<object, object>()
  const count = (reads: number) => {
    left -= reads
    looks += 1
    if (left < 0) over ??= 'too many steps'
    else if (looks % VALUES_PER_LOOK === 0 && processorMs() > end) over ??= `over ${MS_MAX} ms`
    // Macros go on after errors, so each further look is one.
    if (over !== undefined) throw new RuleFault(`it takes ${over} on a resource as large as this`)
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
