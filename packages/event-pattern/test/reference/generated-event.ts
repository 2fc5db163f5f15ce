import type { Choices } from './choices.ts'
import type { GeneratedPattern, PatternObject, Words } from './generated-pattern.ts'
import { someSpace } from './generated-pattern.ts'
import { NAMES, quoted, someScalar } from './generated-scalars.ts'

export type EventOptions = {
  /** No field is named twice, by a repeated name or by a name with a dot beside nested objects. */
  readonly namesOnce: boolean
}

type Node =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly elements: readonly Node[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] }

type Member = readonly [name: string, value: Node]

type Source = { readonly choices: Choices; readonly words: Words }

const LEVELS_MAX = 4

/** The JSON text of an event that matches the pattern, nearly does or has little to do with it. */
export function someEvent(
  choices: Choices,
  { object, words }: GeneratedPattern,
  { namesOnce }: EventOptions,
): string {
  const source = { choices, words }
  const members = choices.rarely(12) ? someMembers(source, 1) : membersFor(source, object, 1)
  const space = someSpace(choices)
  const write = (node: Node): string => {
    if (node.kind === 'scalar') return node.text
    if (node.kind === 'array') return `[${space}${node.elements.map(write).join(`${space},`)}]`
    const list = namesOnce ? withoutRepeatedPaths(node.members) : node.members
    const texts = list.map(([name, value]) => {
      return `${space}${quoted(choices, name)}${space}:${space}${write(value)}`
    })
    return `{${texts.join()}${space}}`
  }
  return space + write({ kind: 'object', members }) + space
}

function membersFor(source: Source, pattern: PatternObject, level: number): readonly Member[] {
  const { choices } = source
  const members = pattern.flatMap((member): readonly Member[] => {
    if (member.kind === 'or') return membersFor(source, choices.of(member.branches), level)
    if (choices.rarely(10)) return []
    if (member.kind === 'object') return [inner(source, member.name, member.object, level)]
    const { values } = choices.of(member.entries)
    if (values.length === 0 && !choices.rarely(4)) return []
    return [apart(choices, [member.name, valueFor(source, values, level)])]
  })
  const more = choices.rarely(6) ? someMembers(source, level + 1) : []
  const all = [...members, ...more]
  return choices.rarely(5) ? all.toReversed() : all
}

/** What the pattern asks of an object: one, or an array of several that may each have a part. */
function inner(source: Source, name: string, pattern: PatternObject, level: number): Member {
  const { choices, words } = source
  const some = (): Node => ({ kind: 'object', members: membersFor(source, pattern, level + 1) })
  if (choices.pick(8) >= words.arrays) {
    const node = some()
    const [only, ...others] = node.kind === 'object' ? node.members : []
    // A name with a dot is the same path.
    if (only !== undefined && others.length === 0 && choices.rarely(4)) {
      return [`${name}.${only[0]}`, only[1]]
    }
    return [name, node]
  }
  const elements = Array.from({ length: 1 + choices.pick(3) }, (): Node => {
    if (choices.rarely(8)) return { kind: 'scalar', text: words.scalar(choices) }
    return choices.rarely(6) ? { kind: 'array', elements: [some(), some()] } : some()
  })
  return [name, { kind: 'array', elements }]
}

/** The same path with the name taken apart at a dot. */
function apart(choices: Choices, [name, value]: Member): Member {
  const dot = name.indexOf('.')
  if (dot < 0 || !choices.rarely(3)) return [name, value]
  return [name.slice(0, dot), { kind: 'object', members: [[name.slice(dot + 1), value]] }]
}

function valueFor(source: Source, values: readonly string[], level: number): Node {
  const { choices, words } = source
  const some = (): Node => {
    const isOther = values.length === 0 || choices.rarely(8)
    return { kind: 'scalar', text: isOther ? words.scalar(choices) : choices.of(values) }
  }
  if (choices.pick(16) >= words.arrays) return some()
  switch (choices.pick(4)) {
    case 0:
      return { kind: 'array', elements: [some(), some()] }
    case 1:
      return { kind: 'array', elements: [{ kind: 'array', elements: [some()] }, some()] }
    case 2:
      return { kind: 'array', elements: [some(), someNode(source, level + 1)] }
    default:
      return someNode(source, level + 1)
  }
}

function someMembers(source: Source, level: number): readonly Member[] {
  const { choices, words } = source
  return Array.from({ length: choices.pick(4) }, (): Member => {
    const name = choices.rarely(16) ? '$or' : choices.of(choices.rarely(3) ? NAMES : words.names)
    return [name, someNode(source, level + 1)]
  })
}

function someNode(source: Source, level: number): Node {
  const { choices, words } = source
  const kind = level < LEVELS_MAX ? choices.pick(6) : 0
  if (kind === 4) {
    const elements = Array.from({ length: choices.pick(4) }, () => someNode(source, level + 1))
    return { kind: 'array', elements }
  }
  if (kind === 5) return { kind: 'object', members: someMembers(source, level + 1) }
  const text = choices.rarely(6) ? someScalar(choices) : words.scalar(choices)
  return { kind: 'scalar', text }
}

function withoutRepeatedPaths(members: readonly Member[]): readonly Member[] {
  const seen = new Set<string>()
  return members.filter((member) => {
    const paths = pathsOf(member)
    if (paths.some((path) => seen.has(path))) return false
    for (const path of paths) seen.add(path)
    return true
  })
}

/** The path of the member and of everything in it. */
function pathsOf([name, value]: Member): readonly string[] {
  if (value.kind === 'scalar') return [name]
  const inside =
    value.kind === 'object'
      ? value.members.flatMap(pathsOf)
      : value.elements.flatMap((element) => pathsOf(['', element]).map((path) => path.slice(1)))
  return [name, ...inside.map((path) => (path === '' ? name : `${name}.${path}`))]
}
