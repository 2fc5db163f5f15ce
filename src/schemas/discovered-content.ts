import { eventDocument, eventShape, plainDocument } from './discovered-document.ts'
import { draft4Of } from './export-draft-4.ts'
import { badRequest } from './faults.ts'
import { CONTENT_MAX } from './learn.ts'
import { NESTING_MAX, nestingOf } from './nesting.ts'
import type { OpenApiDocument, SchemaType } from './schema-document.ts'
import { merged, shapeOf } from './value-shape.ts'

/**
 * The document that discovery makes of examples: events of a bus, or other JSON objects.
 * @throws AwsError BadRequestException
 */
export function discoveredContent(type: SchemaType, examples: readonly string[]): string {
  const document = documentOf(examples.map(exampleIn))
  const content = JSON.stringify(type === 'OpenApi3' ? document : draft4Of(document))
  if (content.length <= CONTENT_MAX) return content
  throw badRequest(`The schema of these events has more than ${CONTENT_MAX} characters.`)
}

function documentOf(examples: readonly Example[]): OpenApiDocument {
  const [first] = examples.filter(isEvent)
  if (first === undefined || !examples.every(isEvent)) {
    return plainDocument(examples.map(shapeOf).reduce(merged))
  }
  const kind = { source: first.source, detailType: first['detail-type'] }
  const others = examples.find(
    ({ source, 'detail-type': detailType }) =>
      source !== kind.source || detailType !== kind.detailType,
  )
  if (others !== undefined) throw badRequest('The events must have one source and one detail-type.')
  return eventDocument(examples.map(eventShape).reduce(merged), kind)
}

type Example = Readonly<Record<string, unknown>>
interface EventExample extends Example {
  readonly source: string
  readonly 'detail-type': string
}

function isEvent(example: Example): example is EventExample {
  const { source, detail } = example
  const isObject = typeof detail === 'object' && detail !== null && !Array.isArray(detail)
  return typeof source === 'string' && typeof example['detail-type'] === 'string' && isObject
}

function exampleIn(text: string, index: number): Example {
  const example = nestingOf(text) > NESTING_MAX ? undefined : parsed(text)
  if (typeof example === 'object' && example !== null && !Array.isArray(example)) {
    return example as Example
  }
  throw badRequest(
    `Event ${index + 1} is not valid: it must be a JSON object of at most ${NESTING_MAX} levels.`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
