/** What is wrong with a value that is given for a parameter, beside the bundle's own value of it. */
export function faultOfParameter(name: string, own: unknown, given: unknown): string | undefined {
  if (Array.isArray(own)) return faultOfList(name, own, given)
  if (!isObject(own)) {
    if (typeof given === typeof own) return undefined
    return `"${name}" must be ${kindOf(own)}, such as ${shown(own)}, and is ${shown(given)}`
  }
  if (!isObject(given)) {
    return `"${name}" must be an object, such as ${shown(own)}, and is ${shown(given)}`
  }
  const names = [...new Set([...Object.keys(own), ...Object.keys(given)])]
  const other = names.find((one) => !(Object.hasOwn(own, one) && Object.hasOwn(given, one)))
  if (other !== undefined) {
    return `"${name}" must be an object of ${Object.keys(own).join(', ')}, such as ${shown(own)}: see to "${other}"`
  }
  return names
    .map((one) => faultOfParameter(`${name}.${one}`, own[one], given[one]))
    .find((fault) => fault !== undefined)
}

function faultOfList(name: string, own: readonly unknown[], given: unknown): string | undefined {
  const example = shown(own.length === 0 ? ['a', 'b'] : own)
  const [first] = own
  // What a list holds that is empty, or of several kinds, nobody can tell.
  const isOfOne = own.length > 0 && own.every((item) => kindOf(item) === kindOf(first))
  const all = Array.isArray(given) ? given : undefined
  if (all?.every((item) => !isOfOne || kindOf(item) === kindOf(first)) === true) return undefined
  const of = isOfOne ? ` of ${MANY[kindOf(first)]}` : ''
  return `"${name}" must be a list${of}, such as ${example}, and is ${shown(given)}`
}

function kindOf(value: unknown): keyof typeof MANY {
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return 'true or false'
  return Array.isArray(value) ? 'a list' : 'an object'
}

const MANY = {
  'a text': 'texts',
  'a number': 'numbers',
  'true or false': 'true and false',
  'a list': 'lists',
  'an object': 'objects',
} as const

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const SHOWN_CHARACTERS_MAX = 200

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`
}
