import { AwsError } from '#src/errors.ts'
import type { TargetInput } from '#src/model/event-bus.ts'
import { inputFault } from '#src/model/target-input/input-fault.ts'
import { structure } from './operation.ts'
import { optional, required, string, textPattern } from './shapes.ts'

const INPUT_CHARACTERS_MAX = 8_192
const PATHS_MAX = 100
const PATH = string({ max: 256 })

/** The members of a target that say what it is sent in place of the event. */
export const INPUT_MEMBERS = {
  Input: optional(string({ max: INPUT_CHARACTERS_MAX })),
  InputPath: optional(PATH),
  InputTransformer: optional(
    structure({
      InputPathsMap: optional({
        type: 'map',
        key: string({ min: 1, max: 256, pattern: textPattern(String.raw`[A-Za-z0-9\_\-]+`) }),
        value: PATH,
        max: PATHS_MAX,
      }),
      InputTemplate: required(string({ min: 1, max: INPUT_CHARACTERS_MAX })),
    }),
  ),
}

export interface WireInput {
  readonly Input?: string
  readonly InputPath?: string
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>
    readonly InputTemplate: string
  }
}

/**
 * What a target is to be sent, if something else than the event.
 * @throws AwsError ValidationException
 */
export function inputFrom(
  targetId: string,
  { Input, InputPath, InputTransformer }: WireInput,
): TargetInput | undefined {
  const given: TargetInput[] = []
  if (Input !== undefined) given.push({ kind: 'constant', text: Input })
  if (InputPath !== undefined) given.push({ kind: 'path', path: InputPath })
  if (InputTransformer !== undefined) {
    const { InputTemplate: template, InputPathsMap: paths } = InputTransformer
    given.push({ kind: 'template', template, ...(paths !== undefined && { paths }) })
  }
  const [input] = given
  const fault =
    given.length > 1
      ? `Only one of Input, InputPath, or InputTransformer must be provided for target ${targetId}.`
      : input && inputFault(targetId, input)
  if (fault !== undefined) throw new AwsError('ValidationException', fault)
  return input
}

/** The members as they were given. */
export function wireInput(input: TargetInput): WireInput {
  switch (input.kind) {
    case 'constant':
      return { Input: input.text }
    case 'path':
      return { InputPath: input.path }
    case 'template': {
      const { template: InputTemplate, paths: InputPathsMap } = input
      return {
        InputTransformer: { ...(InputPathsMap !== undefined && { InputPathsMap }), InputTemplate },
      }
    }
    default:
      return input satisfies never
  }
}
