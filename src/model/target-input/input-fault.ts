import type { TargetInput } from '#src/model/event-bus.ts'
import { isEventPath } from './event-path.ts'
import { parseTemplate } from './input-template.ts'
import type { InputTemplate } from './input-template.ts'
import { isReservedObject, isReservedVariable } from './reserved-variables.ts'

/**
 * Why a target may not have an input, or undefined: of a placeholder that is not known in AWS's
 * words, else in the manner of AWS's.
 */
export function inputFault(targetId: string, input: TargetInput): string | undefined {
  switch (input.kind) {
    case 'constant': {
      const fault = jsonFault(input.text)
      return fault && `JSON syntax error in input for target ${targetId}: ${fault}`
    }
    case 'path':
      return pathFault(targetId, input.path)
    case 'template':
      return (
        Object.values(input.paths ?? {})
          .map((path) => pathFault(targetId, path))
          .find((fault) => fault !== undefined) ?? templateFault(targetId, input)
      )
    default:
      return input satisfies never
  }
}

function pathFault(targetId: string, path: string): string | undefined {
  if (isEventPath(path)) return undefined
  return `Parameter InputPath for target ${targetId} is not valid. Reason: "${path}" is no path such as $.detail.name or $.resources[0].`
}

function templateFault(
  targetId: string,
  { template, paths = {} }: Extract<TargetInput, { kind: 'template' }>,
): string | undefined {
  const parsed = parseTemplate(template)
  const fault = (what: string) => `InputTemplate for target ${targetId} contains ${what}`
  for (const part of parsed.parts) {
    if (typeof part === 'string') continue
    const { name, quoted } = part
    if (!Object.hasOwn(paths, name) && !isReservedVariable(name)) {
      return fault(`invalid placeholder ${name}.`)
    }
    if (!isReservedObject(name)) continue
    if (!/^\s*\{/.test(template))
      return fault(`placeholder ${name}, which only an object can hold.`)
    if (quoted) {
      return fault(`placeholder ${name} in a string: it can only be the whole value of a field.`)
    }
  }
  // Recorded on AWS: bare text such as `<x> text` is taken, and is not delivered.
  if (!OBJECT_OR_LIST.test(template)) return undefined
  const key = keyPlaceholder(template)
  if (key !== undefined) return fault(`placeholder ${key} as an object key.`)
  const reason = jsonFault(withSampleValues(parsed))
  return reason && `Parameter InputTemplate for target ${targetId} is not valid. Reason: ${reason}`
}

const OBJECT_OR_LIST = /^\s*[{[]/
const KEY = /"((?:[^"\\]|\\[^])*)"\s*:|"(?:[^"\\]|\\[^])*"|<([^<>]*)>\s*:/g

/** The first placeholder that stands for a name in an object, or for a part of one. */
function keyPlaceholder(template: string): string | undefined {
  for (const [, quoted, unquoted] of template.matchAll(KEY)) {
    const name = unquoted ?? /<([^<>]*)>/.exec(quoted ?? '')?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

/** The template as it would be if every value were a string; every character keeps its place. */
function withSampleValues({ parts }: InputTemplate): string {
  const texts = parts.map((part) => {
    if (typeof part === 'string') return part
    return part.quoted ? `<${part.name}>` : `"${part.name}"`
  })
  return texts.join('')
}

function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return `${(error as Error).message}.`
  }
}
