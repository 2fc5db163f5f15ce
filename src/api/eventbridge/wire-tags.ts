import type { Tags } from '#src/buses/documents.ts'
import { AwsError } from '#src/errors.ts'
import { structure } from './operation.ts'
import { required, string } from './shapes.ts'
import type { Shape } from './shapes.ts'

export const TAG_KEY = string({ min: 1, max: 128 })
export const TAGS: Shape = {
  type: 'list',
  member: structure({ Key: required(TAG_KEY), Value: required(string({ max: 256 })) }),
}

export interface WireTag {
  readonly Key: string
  readonly Value: string
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-tagging.html */
const TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** @throws AwsError ValidationException */
export function tagsFrom(wire: readonly WireTag[]): Tags {
  const tags = new Map<string, string>()
  for (const { Key, Value } of wire) {
    if (/^aws:/i.test(Key)) throw invalid(`the tag key ${Key} begins with aws:, which is reserved.`)
    for (const text of [Key, Value]) {
      if (!TEXT.test(text)) throw invalid(`${JSON.stringify(text)} has characters not allowed.`)
    }
    if (tags.has(Key)) throw invalid(`the tag key ${Key} is given more than once.`)
    tags.set(Key, Value)
  }
  return Object.fromEntries(tags)
}

export function wireTags(tags: Tags): readonly WireTag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

function invalid(reason: string): AwsError {
  return new AwsError('ValidationException', `Parameter Tags is not valid. Reason: ${reason}`)
}
